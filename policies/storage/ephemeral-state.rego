# METADATA
# title: State outlives the pod
# description: |
#   A checkpoint on an emptyDir, on the node's disk or in the container's own file system is gone when the pod is, or cannot
#   be read from the node where the next pod starts. State belongs in object storage or on a claim that JobManager and
#   TaskManagers share. Flink's own option kubernetes.persistent-volume-claims reaches TaskManagers only: the operator makes the
#   JobManager with a Flink that does not know it.
# custom:
#   id: storage/ephemeral-state
#   level: error
#   since: 0.1.0
#   when: [flink.problems.ephemeralState]
#   help: Use an object store (s3://…), or mount a ReadWriteMany claim at this directory in JobManager and TaskManager.
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
#           containers: [{name: flink-main-container, volumeMounts: [{name: state, mountPath: /flink/state}]}]
#           volumes: [{name: state, emptyDir: {}}]
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
package flinkgate.storage.ephemeral_state

import rego.v1

deny contains finding if some finding in input.flink.problems.ephemeralState
