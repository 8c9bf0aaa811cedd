# METADATA
# title: Options that are the operator's
# description: |
#   The operator sets a cluster's id and namespace from the object's. It refuses kubernetes.namespace, kubernetes.cluster-id and
#   high-availability.cluster-id; the older names of the last one are refused here too, for by them a cluster could take up another
#   one's high-availability data.
# custom:
#   id: flink/reserved-option
#   level: error
#   since: 0.1.0
#   when: [flink.operator.reserved]
#   help: Leave the option out.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.cluster-id: another
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
package flinkgate.flink.reserved_option

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.reserved
}
