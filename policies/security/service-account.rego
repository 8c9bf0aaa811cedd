# METADATA
# title: Service accounts of the tenant only
# description: |
#   A JobManager may create pods with its service account's rights, and so may user code in it. With the Flink operator
#   spec.serviceAccount is used unless kubernetes.jobmanager.service-account or kubernetes.taskmanager.service-account names
#   another; a pod that names none runs as default.
# custom:
#   id: security/service-account
#   level: error
#   since: 0.1.0
#   when: [flink.problems.serviceAccounts]
#   help: Use one of the tenant's service accounts.
#   tenant: |
#     security: {serviceAccounts: [flink]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: cluster-admin
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
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.service_account

import rego.v1

deny contains finding if some finding in input.flink.problems.serviceAccounts
