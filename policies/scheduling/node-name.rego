# METADATA
# title: Nodes chosen by the scheduler
# description: |
#   A pod that names its node goes past the scheduler: taints, anti-affinity, spreading and room on the node count for nothing, and all
#   pods of one template end on the one node. It is refused where the tenant says anything of where pods run.
# custom:
#   id: scheduling/node-name
#   level: error
#   since: 0.1.0
#   when: [flink.problems.nodeNames]
#   help: Leave nodeName out, and choose nodes by nodeSelector or nodeAffinity.
#   tenant: |
#     scheduling: {nodeSelector: {pool: flink}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       nodeName: node-7
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       nodeSelector: {kubernetes.io/hostname: node-7}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.node_name

import rego.v1

deny contains finding if some finding in input.flink.problems.nodeNames
