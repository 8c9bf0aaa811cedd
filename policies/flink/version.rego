# METADATA
# title: A Flink version that the operator deploys
# description: |
#   Without a version, or with one older than v1_15, the operator deploys nothing. v1_15 to v1_18 are deprecated, which is a warning.
#   A version that Flinkgate does not know is taken for the newest before it, which is information.
# custom:
#   id: flink/version
#   level: error
#   since: 0.1.0
#   when: [flink.operator.version]
#   help: Write flinkVersion as the operator does, such as v1_20 or v2_1.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_14
#       image: registry.example.com/flink:1.14
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
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.version

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.version
}
