# METADATA
# title: One word on one thing
# description: |
#   Some options and fields say the same. Mostly the field counts: image, imagePullPolicy, serviceAccount, replicas, memory, cpu and
#   parallelism beat the options that stand for them. A role's own service account option, taskmanager.cpu.cores and
#   pipeline.jobvertex-parallelism-overrides beat the field. Where both agree nothing is said.
# custom:
#   id: flink/overridden-option
#   level: warning
#   since: 0.1.0
#   when: [flink.operator.overridden]
#   help: Write it in one place.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.container.image.ref: registry.example.com/flink:1.19
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
package flinkgate.flink.overridden_option

import rego.v1

warn contains finding if {
	some finding in input.flink.operator.overridden
}
