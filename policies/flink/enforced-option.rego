# METADATA
# title: Options that the tenant sets
# description: |
#   Some options hold for every cluster of a tenant. Flinkgate sets them; an object that gives one another value is refused
#   rather than silently changed.
# custom:
#   id: flink/enforced-option
#   level: error
#   since: 0.1.0
#   when: [mutation.conflicts]
#   help: Leave the option out of flinkConfiguration, and Flinkgate sets it.
#   tenant: |
#     flink: {configuration: {enforced: {kubernetes.rest-service.exposed.type: ClusterIP}}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.rest-service.exposed.type: LoadBalancer
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
#         kubernetes.rest-service.exposed.type: ClusterIP
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.enforced_option

import rego.v1

deny contains finding if {
	some conflict in input.mutation.conflicts
	conflict.rule == "flink/enforced-option"
	finding := object.remove(conflict, ["rule"])
}
