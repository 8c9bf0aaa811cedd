# METADATA
# title: Log configurations that Flink reads
# description: |
#   The operator takes log4j-console.properties and logback-console.xml in spec.logConfiguration and refuses every other name.
# custom:
#   id: flink/log-configuration
#   level: error
#   since: 0.1.0
#   when: [flink.operator.logConfiguration]
#   help: Name the file log4j-console.properties or logback-console.xml.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       logConfiguration: {log4j.properties: rootLogger.level = INFO}
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
package flinkgate.flink.log_configuration

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.logConfiguration
}
