# METADATA
# title: Checkpoints are taken
# description: |
#   upgradeMode last-state starts a job from its last checkpoint. The operator sets an interval of five minutes where there is
#   none; one below ten milliseconds turns checkpoints off.
# custom:
#   id: storage/checkpoint-interval
#   level: error
#   since: 0.1.0
#   when: [flink.problems.checkpointInterval]
#   help: Write an interval such as 60s, or leave the option out.
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
#         execution.checkpointing.savepoint-dir: s3://payments-flink/savepoints
#         execution.checkpointing.interval: "0"
#         high-availability.type: kubernetes
#         high-availability.storageDir: s3://payments-flink/ha
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: last-state}
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
#         execution.checkpointing.interval: 60s
#         high-availability.type: kubernetes
#         high-availability.storageDir: s3://payments-flink/ha
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: last-state}
package flinkgate.storage.checkpoint_interval

import rego.v1

deny contains finding if some finding in input.flink.problems.checkpointInterval
