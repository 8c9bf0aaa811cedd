# METADATA
# title: Tolerations of the tenant only
# description: |
#   A toleration opens nodes that were closed for a reason. Once a tenant lists tolerations, pods have those and narrower
#   ones. The tolerations that Kubernetes adds by itself, for nodes not ready or unreachable, are always fine.
# custom:
#   id: scheduling/tolerations
#   level: error
#   since: 0.1.0
#   when: [flink.problems.tolerations]
#   help: Leave tolerations out, and Flinkgate adds the tenant's.
#   tenant: |
#     scheduling: {tolerations: [{key: flink, operator: Exists}]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       tolerations: [{key: dedicated, operator: Exists}]
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       tolerations: [{key: flink, operator: Equal, value: batch, effect: NoSchedule}]
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.tolerations

import rego.v1

deny contains finding if some finding in input.flink.problems.tolerations
