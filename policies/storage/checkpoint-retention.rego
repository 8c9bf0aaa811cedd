# METADATA
# title: Checkpoints outlive their job
# description: |
#   The operator keeps checkpoints when a job is cancelled. An object that says otherwise loses its state where the tenant keeps
#   it, and where an upgrade with last-state cancels the job.
# custom:
#   id: storage/checkpoint-retention
#   level: error
#   since: 0.1.0
#   when: [flink.problems.checkpointRetention]
#   help: Leave the option out, or write RETAIN_ON_CANCELLATION.
#   tenant: |
#     storage: {checkpoints: {volume: {claimName: "{cluster}-state", reclaim: Retain}}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.externalized-checkpoint-retention: DELETE_ON_CANCELLATION
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
#         execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.storage.checkpoint_retention

import rego.v1

deny contains finding if some finding in input.flink.problems.checkpointRetention
