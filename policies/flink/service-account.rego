# METADATA
# title: A service account is named
# description: |
#   The operator deploys nothing for an object without spec.serviceAccount: the JobManager makes pods and ConfigMaps by its rights.
# custom:
#   id: flink/service-account
#   level: error
#   since: 0.1.0
#   when: [flink.operator.serviceAccount]
#   help: Write spec.serviceAccount; the operator's chart makes one named flink unless told otherwise.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
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
package flinkgate.flink.service_account

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.serviceAccount
}
