# METADATA
# title: Checkpoints have a place of the tenant's
# description: |
#   Without a checkpoint directory a job with upgradeMode savepoint or last-state cannot be upgraded, and its checkpoints live
#   in the JobManager's heap. Flink before 1.20 ignores execution.checkpointing.dir, though the operator accepts it. A tenant
#   may say where state may live: checkpoints, savepoints and high-availability metadata. A directory lies in a place by whole
#   names of its path, however it is spelled; a directory on the claim that the tenant gives every cluster is the tenant's.
# custom:
#   id: storage/checkpoint-dir
#   level: error
#   since: 0.1.0
#   when: [flink.problems.stateDirectories]
#   help: Set execution.checkpointing.dir (state.checkpoints.dir before Flink 1.20) to a directory of the tenant's.
#   asIs: true
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_19
#       image: registry.example.com/flink:1.19
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#         state.savepoints.dir: s3://payments-flink/savepoints
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
package flinkgate.storage.checkpoint_dir

import rego.v1

deny contains finding if some finding in input.flink.problems.stateDirectories
