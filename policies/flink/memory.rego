# METADATA
# title: Memory that Flink can start with
# description: |
#   Flink divides a process's memory into heap, managed memory, network buffers, metaspace and overhead before it starts, and
#   does not start where they do not fit or contradict each other. The same sums are done here, to the byte.
# custom:
#   id: flink/memory
#   level: error
#   since: 0.1.0
#   when: [flink.memory.problems]
#   help: Give the process more memory, or its parts less.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 512m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 1024m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.memory

import rego.v1

deny contains finding if {
	some problem in input.flink.memory.problems
	problem.level == null
	finding := {"msg": problem.message, "path": problem.path, "help": problem.help}
}

warn contains finding if {
	some problem in input.flink.memory.problems
	problem.level == "warning"
	finding := {"msg": problem.message, "path": problem.path, "help": problem.help}
}
