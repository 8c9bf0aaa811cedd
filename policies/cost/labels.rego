# METADATA
# title: Labels that bills go by
# description: |
#   What a pod costs is told by its labels. A tenant may name keys that every pod must have, whatever their values; in a custom resource
#   they stand in the pod templates, or in Flink's options for labels.
# custom:
#   id: cost/labels
#   level: error
#   since: 0.1.0
#   when: [flink.problems.billing]
#   help: Add the label to the pod template.
#   tenant: |
#     cost: {labels: [cost-center]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool, labels: {cost-center: "4711"}}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.cost.labels

import rego.v1

deny contains finding if some finding in input.flink.problems.billing
