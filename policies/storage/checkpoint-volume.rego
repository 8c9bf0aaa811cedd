# METADATA
# title: The tenant's checkpoint volume
# description: |
#   Every cluster of a tenant gets a claim for its state, mounted at one path in JobManager and TaskManagers. An object that
#   uses the volume's name or mount path for something else cannot be given it.
# custom:
#   id: storage/checkpoint-volume
#   level: error
#   since: 0.1.0
#   when: [mutation.conflicts]
#   help: Leave the volume and its mount out, and Flinkgate adds them.
#   tenant: |
#     storage: {checkpoints: {volume: {claimName: "{cluster}-state", size: 10Gi}}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       podTemplate:
#         spec:
#           containers: [{name: flink-main-container, volumeMounts: [{name: scratch, mountPath: /flink/state}]}]
#           volumes: [{name: scratch, emptyDir: {}}]
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.storage.checkpoint_volume

import rego.v1

deny contains finding if {
	some conflict in input.mutation.conflicts
	conflict.rule == "storage/checkpoint-volume"
	finding := object.remove(conflict, ["rule"])
}
