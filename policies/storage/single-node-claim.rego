# METADATA
# title: Claims that all pods can mount where they run
# description: |
#   Pods of one node only can mount a ReadWriteOnce claim. Where anti-affinity or topology spread keeps them on different nodes,
#   all but the first wait for ever, and nothing but their events says why. A ReadWriteOncePod claim cannot hold the state of a
#   JobManager and its TaskManagers at all. The access mode is known from the tenant, or from the claim where it is in the same input.
# custom:
#   id: storage/single-node-claim
#   level: error
#   since: 0.1.0
#   when: [flink.problems.claimNodes]
#   help: Use a ReadWriteMany claim or an object store.
#   tenant: |
#     storage: {checkpoints: {volume: {claimName: "{cluster}-state", accessModes: [ReadWriteOnce]}}}
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
#           volumes: [{name: state, persistentVolumeClaim: {claimName: etl-state}}]
#           affinity:
#             podAntiAffinity:
#               requiredDuringSchedulingIgnoredDuringExecution:
#                 - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: etl, component: taskmanager}}}
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
package flinkgate.storage.single_node_claim

import rego.v1

deny contains finding if some finding in input.flink.problems.claimNodes
