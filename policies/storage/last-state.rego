# METADATA
# title: The last state can be found
# description: |
#   upgradeMode last-state starts a job from its last checkpoint. High availability records which one that is. Without it the
#   operator asks the JobManager, cancels the job and starts it anew: where no JobManager answers, the job cannot be upgraded and
#   somebody has to look for its state.
# custom:
#   id: storage/last-state
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.lastState]
#   help: Set high-availability.type to kubernetes and high-availability.storageDir to a durable directory, or use upgradeMode savepoint.
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
#         high-availability.type: kubernetes
#         high-availability.storageDir: s3://payments-flink/ha
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: last-state}
package flinkgate.storage.last_state

import rego.v1

warn contains finding if some finding in input.flink.problems.lastState
