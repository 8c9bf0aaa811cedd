# METADATA
# title: Autoscaler options in their ranges
# description: |
#   Where the autoscaler is on, the operator refuses factors, utilizations and thresholds outside of their ranges, excluded periods
#   that are none, and a metric window shorter than its own reconcile interval.
# custom:
#   id: flink/autoscaler
#   level: error
#   since: 0.1.0
#   when: [flink.operator.autoscaler]
#   help: Write a value within the range.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         job.autoscaler.enabled: true
#         job.autoscaler.utilization.target: 70
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
#         job.autoscaler.enabled: true
#         job.autoscaler.utilization.target: 0.7
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.autoscaler

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.autoscaler
}
