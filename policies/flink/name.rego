# METADATA
# title: Names that the operator takes
# description: |
#   The operator makes Services, labels and ConfigMaps of a cluster's name: at most 45 characters of lower case letters, digits and
#   hyphens. The FlinkDeployments of a FlinkBlueGreenDeployment are named <name>-blue and <name>-green, which leaves it 39.
# custom:
#   id: flink/name
#   level: error
#   since: 0.1.0
#   when: [flink.operator.name]
#   help: Write a name such as my-job or abc-123.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl.v2}
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
#     metadata: {name: etl-v2}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.name

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.name
}
