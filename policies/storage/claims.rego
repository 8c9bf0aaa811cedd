# METADATA
# title: The tenant's claims only
# description: |
#   A tenant may say which PersistentVolumeClaims its pods mount besides the one for checkpoints. Flink's own option
#   kubernetes.persistent-volume-claims mounts claims too, in every pod of the cluster.
# custom:
#   id: storage/claims
#   level: error
#   since: 0.1.0
#   when: [flink.problems.claims]
#   help: Use a claim that the tenant allows.
#   tenant: |
#     storage: {claims: {names: ["etl-*"]}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.persistent-volume-claims: "someone-elses-data:/data"
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
#         kubernetes.persistent-volume-claims: "etl-data:/data"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.storage.claims

import rego.v1

deny contains finding if some finding in input.flink.problems.claims
