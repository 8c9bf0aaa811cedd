# METADATA
# title: An image is named
# description: |
#   Without spec.image, kubernetes.container.image.ref or an image in the pod template runs the image that belongs to the Flink
#   inside the operator, whatever flinkVersion says. The operator does not look at this.
# custom:
#   id: flink/image
#   level: warning
#   since: 0.1.0
#   when: [flink.operator.image]
#   help: Write spec.image.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
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
package flinkgate.flink.image

import rego.v1

warn contains finding if {
	some finding in input.flink.operator.image
}
