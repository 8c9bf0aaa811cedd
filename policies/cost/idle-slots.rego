# METADATA
# title: Task slots that are used
# description: |
#   A job uses as many task slots as its parallelism; the others are paid for and idle. TaskManagers that are kept in reserve on purpose do not
#   count.
# custom:
#   id: cost/idle-slots
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.idleSlots]
#   help: Set taskmanager.numberOfTaskSlots to a divisor of the parallelism.
#   tenant: |
#     cost: {idleSlots: 4}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         taskmanager.numberOfTaskSlots: 8
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
#         taskmanager.numberOfTaskSlots: 2
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.cost.idle_slots

import rego.v1

warn contains finding if some finding in input.flink.problems.idleSlots
