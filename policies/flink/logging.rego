# METADATA
# title: Logs as their readers need them
# description: |
#   Without a log configuration of its own a cluster logs as the operator was once set up, at a level and in a form that may be no use to
#   whoever collects the logs. A tenant may demand one.
# custom:
#   id: flink/logging
#   level: error
#   since: 0.1.0
#   when: [flink.problems.logging]
#   help: Write log4j-console.properties into spec.logConfiguration.
#   tenant: |
#     flink: {requireLogConfiguration: true}
#   bad: |
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
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       logConfiguration: {log4j-console.properties: rootLogger.level = INFO}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.logging

import rego.v1

deny contains finding if some finding in input.flink.problems.logging
