# METADATA
# title: Options that only Flink and its operator set
# description: |
#   Keys that begin with $internal, and some others, are how Flink's parts speak with each other, or settings of the operator as a
#   whole: nobody documents what they do in an object, and what they do is not looked at by any rule.
# custom:
#   id: flink/internal-option
#   level: error
#   since: 0.1.0
#   when: [flink.problems.internalOptions]
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
#         $internal.application.main: com.example.Other
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
#         taskmanager.numberOfTaskSlots: "2"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.internal_option

import rego.v1

deny contains finding if some finding in input.flink.problems.internalOptions
