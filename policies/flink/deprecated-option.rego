# METADATA
# title: Options by their present names
# description: |
#   The named Flink version still reads the option, but under a name that a later one will not know.
# custom:
#   id: flink/deprecated-option
#   level: info
#   since: 0.1.0
#   when: [flink.options.deprecated]
#   help: Write the option under its present name.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         state.backend.incremental: "true"
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
#         execution.checkpointing.incremental: "true"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.deprecated_option

import rego.v1

info contains finding if {
	some option in input.flink.options.deprecated
	finding := {"msg": message(option), "path": option.path}
}

message(option) := sprintf("option %s is deprecated: its name is now %s", [option.key, option.successor]) if option.successor != null

message(option) := sprintf("option %s is deprecated and has no successor", [option.key]) if option.successor == null
