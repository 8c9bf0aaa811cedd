# METADATA
# title: The tenant's Secrets only
# description: |
#   A tenant may say which Secrets its pods have: as volumes, in their environment, to pull images with. Flink's options
#   kubernetes.secrets, kubernetes.env.secretKeyRef and kubernetes.container.image.pull-secrets give pods the same.
# custom:
#   id: security/secrets
#   level: error
#   since: 0.1.0
#   when: [flink.problems.secrets]
#   help: Use a Secret that the tenant allows.
#   tenant: |
#     security: {secrets: ["etl-*"]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.secrets: "database-admin:/etc/admin"
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
#         kubernetes.secrets: "etl-database:/etc/database"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.secrets

import rego.v1

deny contains finding if some finding in input.flink.problems.secrets
