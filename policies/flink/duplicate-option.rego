# METADATA
# title: One spelling of an option
# description: |
#   `flinkConfiguration` may be nested, flat, or both: `state: {backend.type: x}` and `state.backend.type: y` are one option.
#   The operator joins nested keys with dots; of several spellings the one whose keys come last in the order of their bytes
#   counts, and the others are lost without a word.
# custom:
#   id: flink/duplicate-option
#   level: warning
#   since: 0.1.0
#   when: [flink.duplicates]
#   help: Write the option once.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         state: {backend.type: hashmap}
#         state.backend.type: rocksdb
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
#         state: {backend.type: rocksdb}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.duplicate_option

import rego.v1

warn contains finding if {
	some duplicate in input.flink.duplicates
	msg := sprintf("option %s is written twice: this value is lost, Flink sees %q", [duplicate.key, duplicate.value])
	finding := {"msg": msg, "path": duplicate.path}
}
