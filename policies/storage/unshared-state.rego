# METADATA
# title: One state directory for all pods
# description: |
#   TaskManagers write checkpoints and the JobManager reads, completes and deletes them; after a failure any pod may read what
#   any other wrote. Where each has another claim or folder at the directory, or cannot write there, no checkpoint completes or
#   none can be restored.
# custom:
#   id: storage/unshared-state
#   level: error
#   since: 0.1.0
#   when: [flink.problems.unsharedState]
#   help: Mount the same claim at the same path in JobManager and TaskManagers.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: file:///flink/state/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       podTemplate:
#         spec:
#           containers: [{name: flink-main-container, volumeMounts: [{name: state, mountPath: /flink/state, readOnly: true}]}]
#           volumes: [{name: state, persistentVolumeClaim: {claimName: etl-state}}]
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
#         execution.checkpointing.dir: file:///flink/state/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       podTemplate:
#         spec:
#           containers: [{name: flink-main-container, volumeMounts: [{name: state, mountPath: /flink/state}]}]
#           volumes: [{name: state, persistentVolumeClaim: {claimName: etl-state}}]
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.storage.unshared_state

import rego.v1

deny contains finding if some finding in input.flink.problems.unsharedState
