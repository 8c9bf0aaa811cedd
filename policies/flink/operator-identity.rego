# METADATA
# title: The operator acts as itself
# description: |
#   Some options make the operator act as another than it is: in another cluster of its kubeconfig, with headers for which a cloud
#   hands out the credentials of the machine, or as the one who says to whom a JobManager belongs.
# custom:
#   id: flink/operator-identity
#   level: error
#   since: 0.1.0
#   when: [flink.problems.operatorIdentity]
#   help: Remove the option.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.context: production-admin
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
#         kubernetes.client.user-agent: etl
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.operator_identity

import rego.v1

deny contains finding if some finding in input.flink.problems.operatorIdentity
