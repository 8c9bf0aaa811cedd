# METADATA
# title: The tenant's nodes
# description: |
#   Pods of a tenant run on the nodes that its node selector names. Flinkgate adds the selector; an object that asks for
#   another value of the same label is refused rather than silently moved. So is one whose options do (kubernetes.jobmanager.node-selector,
#   kubernetes.taskmanager.node-selector), for Flink puts them over the pod template, or that tells nodes apart by another label.
# custom:
#   id: scheduling/node-selector
#   level: error
#   since: 0.1.0
#   when: [mutation.conflicts]
#   help: Leave the label out of nodeSelector, and Flinkgate adds it.
#   tenant: |
#     scheduling: {nodeSelector: {pool: flink}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       nodeSelector: {pool: other}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       nodeSelector: {pool: flink, disk: ssd}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.node_selector

import rego.v1

deny contains finding if {
	some conflict in input.mutation.conflicts
	conflict.rule == "scheduling/node-selector"
	finding := object.remove(conflict, ["rule"])
}
