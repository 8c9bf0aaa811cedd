# METADATA
# title: Resources that the operator takes
# description: |
#   Requests and limits of cpu and memory must be above zero, all others must not be negative, and no request may be above its limit.
#   A job has a parallelism of its own even where overrides decide it.
# custom:
#   id: flink/resources
#   level: error
#   since: 0.1.0
#   when: [flink.operator.resources]
#   help: Write requests above zero and no higher than the limits.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resources: {requests: {cpu: 2, memory: 4096m}, limits: {cpu: 1, memory: 4096m}}}
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
#       taskManager: {resources: {requests: {cpu: 1, memory: 4096m}, limits: {cpu: 2, memory: 4096m}}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.resources

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.resources
}
