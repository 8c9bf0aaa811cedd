# METADATA
# title: Options of the operator that need others
# description: |
#   An unhealthy cluster that must not be recovered cannot be helped: the health check needs the recovery of JobManager Deployments.
# custom:
#   id: flink/operator-options
#   level: error
#   since: 0.1.0
#   when: [flink.operator.operatorOptions]
#   help: Leave recovery on, or turn the health check off.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.operator.cluster.health-check.enabled: true
#         kubernetes.operator.jm-deployment-recovery.enabled: false
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
#         kubernetes.operator.cluster.health-check.enabled: true
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.operator_options

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.operatorOptions
}
