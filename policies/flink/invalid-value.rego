# METADATA
# title: Values that Flink can read
# description: |
#   Flink reads a value when something asks for it: one that is no number, no duration or none of an option's words stops the
#   JobManager when it starts, or a job long after. Values are judged as the named Flink version judges them.
# custom:
#   id: flink/invalid-value
#   level: error
#   since: 0.1.0
#   when: [flink.options.invalid]
#   help: Write the value as the option's type wants it.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.interval: 1.5 min
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.interval: 90 s
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.invalid_value

import rego.v1

deny contains finding if {
	some option in input.flink.options.invalid
	finding := {"msg": sprintf("option %s: %s", [option.key, option.problem]), "path": option.path}
}
