# METADATA
# title: Images from allowed places only
# description: |
#   Which code runs is decided by the image. A tenant's list says where images may come from; a pattern is compared segment by
#   segment, so registry.example.com.evil.io does not pass for registry.example.com.
# custom:
#   id: security/image-registry
#   level: error
#   since: 0.1.0
#   when: [flink.problems.imageRegistry]
#   help: Use an image from one of the places that the tenant allows.
#   tenant: |
#     security: {images: {allow: ["registry.example.com/*"]}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: docker.io/someone/flink:1.20
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
package flinkgate.security.image_registry

import rego.v1

deny contains finding if some finding in input.flink.problems.imageRegistry
