# METADATA
# title: Priority classes that the tenant may use
# description: |
#   A pod of a higher priority class drives others from their nodes. Once a tenant lists priority classes, pods name one of them or none.
#   Kubernetes gives a pod that names none the cluster's default class, where there is one: the tenant then lists that too.
# custom:
#   id: scheduling/priority-class
#   level: error
#   since: 0.1.0
#   when: [flink.problems.priorityClasses]
#   help: Write one of the priority classes that the tenant lists, or leave it out.
#   tenant: |
#     scheduling: {priorityClasses: [flink-batch]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       priorityClassName: flink-critical
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       priorityClassName: flink-batch
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.priority_class

import rego.v1

deny contains finding if some finding in input.flink.problems.priorityClasses
