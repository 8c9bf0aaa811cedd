# METADATA
# title: Savepoints have a place
# description: |
#   An upgrade by savepoint, a savepoint triggered by hand, periodic savepoints and a greatest age for checkpoints at upgrade all need
#   a savepoint directory, and the operator refuses them without.
# custom:
#   id: storage/savepoint-dir
#   level: error
#   since: 0.1.0
#   when: [flink.operator.savepointDir]
#   help: Set execution.checkpointing.savepoint-dir (state.savepoints.dir before Flink 1.20).
#   asIs: true
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: savepoint}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#         execution.checkpointing.savepoint-dir: s3://payments-flink/savepoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: savepoint}
package flinkgate.storage.savepoint_dir

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.savepointDir
}
