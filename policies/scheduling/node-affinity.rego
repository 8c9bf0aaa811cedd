# METADATA
# title: Node affinity within the tenant's nodes
# description: |
#   Every pod gets the tenant's node selector, and Kubernetes wants that and the node affinity both. A term that asks for other values of
#   the tenant's labels is never met: a pod with only such terms waits for ever, and beside others it misleads whoever reads it.
#   Labels of which the tenant says nothing are the user's own.
# custom:
#   id: scheduling/node-affinity
#   level: error
#   since: 0.1.0
#   when: [flink.problems.nodeAffinity]
#   help: Leave the tenant's node labels out of nodeAffinity, for the node selector takes care of them.
#   tenant: |
#     scheduling: {nodeSelector: {pool: flink}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       affinity:
#         nodeAffinity:
#           requiredDuringSchedulingIgnoredDuringExecution:
#             nodeSelectorTerms:
#               - matchExpressions:
#                   - {key: pool, operator: In, values: [gpu]}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       affinity:
#         nodeAffinity:
#           requiredDuringSchedulingIgnoredDuringExecution:
#             nodeSelectorTerms:
#               - matchExpressions:
#                   - {key: disk, operator: In, values: [ssd]}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.node_affinity

import rego.v1

deny contains finding if some finding in input.flink.problems.nodeAffinity
