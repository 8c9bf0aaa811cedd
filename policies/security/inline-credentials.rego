# METADATA
# title: No secrets in plain text
# description: |
#   Whoever may read the object, its ConfigMap or its history reads what its configuration holds. Access keys and passwords belong
#   in Secrets; object stores are best reached with the identity of the service account.
# custom:
#   id: security/inline-credentials
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.credentials]
#   help: Give it as a Secret, or by the identity of the service account.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         s3.access-key: AKIAIOSFODNN7EXAMPLE
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
#         s3.endpoint: https://s3.example.com
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.inline_credentials

import rego.v1

warn contains finding if some finding in input.flink.problems.credentials
