# METADATA
# title: Options that Flink knows
# description: |
#   Flink ignores a key that it does not know without a word. Told is what is a slip of a known key, and what stands where only
#   Flink names keys, such as below `state.backend.`; a job's own keys, and those of connectors and file systems, are not.
# custom:
#   id: flink/unknown-option
#   level: warning
#   since: 0.1.0
#   when: [flink.options.unknown]
#   help: Correct the key, or remove it.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         taskmanager.numberOfTaskSlot: "2"
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
#         taskmanager.numberOfTaskSlots: "2"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.unknown_option

import rego.v1

warn contains finding if {
	some option in input.flink.options.unknown
	finding := {"msg": message(option), "path": option.path}
}

message(option) := sprintf("Flink has no option %s: did you mean %s?", [option.key, option.suggestion]) if option.suggestion != null

message(option) := sprintf("Flink has no option %s", [option.key]) if option.suggestion == null
