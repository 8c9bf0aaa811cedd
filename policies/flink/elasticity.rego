# METADATA
# title: Scaling with a floor and a ceiling
# description: |
#   The autoscaler, reactive mode and the adaptive scheduler change a job's parallelism without a change to its object. A tenant may say between
#   which parallelisms; a least that is above the most is told to anybody.
# custom:
#   id: flink/elasticity
#   level: error
#   since: 0.1.0
#   when: [flink.problems.elasticity]
#   help: Set the bounds of the autoscaler within those of the tenant.
#   tenant: |
#     flink: {elasticity: {minParallelism: 2, maxParallelism: 16}}
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
#         job.autoscaler.vertex.min-parallelism: 2
#         job.autoscaler.vertex.max-parallelism: 16
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.elasticity

import rego.v1

deny contains finding if some finding in input.flink.problems.elasticity
