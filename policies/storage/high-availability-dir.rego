# METADATA
# title: High availability keeps its data somewhere
# description: |
#   Kubernetes' ConfigMaps and ZooKeeper hold pointers only; the JobGraphs and checkpoint metadata they point to lie in a directory
#   that all JobManagers see. Without one Flink does not start. The operator does not look at this.
# custom:
#   id: storage/high-availability-dir
#   level: error
#   since: 0.1.0
#   when: [flink.operator.highAvailabilityDir]
#   help: Set high-availability.storageDir to a durable directory.
#   asIs: true
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         high-availability.type: kubernetes
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
#         high-availability.type: kubernetes
#         high-availability.storageDir: s3://payments-flink/ha
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.storage.high_availability_dir

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.highAvailabilityDir
}
