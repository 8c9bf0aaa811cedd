# METADATA
# title: Clusters with an upper bound
# description: |
#   Where a tenant's size is limited, a cluster says how large it may become. A session cluster in native mode, a job under the
#   autoscaler and one in reactive mode grow without a change to their object: the quota meets them pod by pod, in the middle of
#   their work. An application of a given parallelism is bounded by it.
# custom:
#   id: quota/unbounded
#   level: warning
#   since: 0.1.0
#   when: [flink.size.unbounded]
#   help: Set the option that bounds the number of TaskManagers.
#   tenant: |
#     quota: {perCluster: {taskManagers: 10}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl-session}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl-session}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         slotmanager.number-of-slots.max: 8
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
package flinkgate.quota.unbounded

import rego.v1

warn contains finding if {
	is_limited
	some growth in input.flink.size.unbounded
	finding := {"msg": growth.message, "path": growth.path, "help": growth.help}
}

is_limited if {
	some scope in ["hard", "perCluster"]
	some resource in ["cpu", "memory", "taskManagers", "taskSlots"]
	input.tenant.quota[scope][resource]
}
