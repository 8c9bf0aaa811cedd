# METADATA
# title: High availability where it is needed
# description: |
#   Standby JobManagers and the operator's rollback work only with high availability, and the operator refuses them without.
# custom:
#   id: flink/high-availability
#   level: error
#   since: 0.1.0
#   when: [flink.operator.highAvailability]
#   help: Set high-availability.type and high-availability.storageDir.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {replicas: 2, resource: {cpu: 1, memory: 2048m}}
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
#         high-availability.type: kubernetes
#         high-availability.storageDir: s3://payments-flink/ha
#       jobManager: {replicas: 2, resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.high_availability

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.highAvailability
}
