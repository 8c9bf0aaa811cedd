# METADATA
# title: Flink's own claims where nothing else is
# description: |
#   Flink 2.3 mounts the claims of kubernetes.persistent-volume-claims into TaskManagers. Where a claim has the path of another
#   volume the API server refuses every TaskManager; where it has the name of one, or no absolute path, the JobManager fails. Only
#   the JobManager's log says so.
# custom:
#   id: storage/claim-mounts
#   level: error
#   since: 0.1.0
#   when: [flink.problems.claimMounts]
#   help: Mount each claim once, at a path of its own.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v2_3
#       image: registry.example.com/flink:2.3
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.persistent-volume-claims: "etl-data:/data,etl-more:/data"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v2_3
#       image: registry.example.com/flink:2.3
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.persistent-volume-claims: "etl-data:/data,etl-more:/more"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.storage.claim_mounts

import rego.v1

deny contains finding if some finding in input.flink.problems.claimMounts
