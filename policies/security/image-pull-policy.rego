# METADATA
# title: Images pulled as the tenant wants it
# description: |
#   A pod whose image is not pulled anew runs what its node has, be it somebody else's private image: pulling it is what asks for
#   the right to it. Flink takes kubernetes.container.image.pull-policy, and IfNotPresent where nothing is said.
# custom:
#   id: security/image-pull-policy
#   level: error
#   since: 0.1.0
#   when: [flink.problems.imagePullPolicy]
#   help: Write one of the policies that the tenant allows.
#   tenant: |
#     security: {images: {pullPolicies: [Always]}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.container.image.pull-policy: Never
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
#         kubernetes.container.image.pull-policy: Always
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.image_pull_policy

import rego.v1

deny contains finding if some finding in input.flink.problems.imagePullPolicy
