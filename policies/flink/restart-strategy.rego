# METADATA
# title: Restarts with an end and a pause
# description: |
#   A job that fails for good restarts again and again, and is paid for all the time; some of Flink's defaults never stop. A tenant may say which
#   restart strategies jobs may have, how many restarts at most, and how far apart at least. It must be named then: the default depends on
#   Flink's version and on whether there are checkpoints.
# custom:
#   id: flink/restart-strategy
#   level: error
#   since: 0.1.0
#   when: [flink.problems.restarts]
#   help: Name a restart strategy that ends, such as exponential-delay or failure-rate.
#   tenant: |
#     flink: {restartStrategy: {types: [exponential-delay, failure-rate], maxRestarts: 10}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         restart-strategy.type: fixed-delay
#         restart-strategy.fixed-delay.attempts: 2147483647
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
#         restart-strategy.type: failure-rate
#         restart-strategy.failure-rate.max-failures-per-interval: 5
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.restart_strategy

import rego.v1

deny contains finding if some finding in input.flink.problems.restarts
