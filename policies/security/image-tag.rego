# METADATA
# title: Images that stay what they are
# description: |
#   The tag latest, or no tag, means another image tomorrow: a restarted TaskManager may run other code than its JobManager.
#   A tenant may ask for digests, which name one image for good.
# custom:
#   id: security/image-tag
#   level: error
#   since: 0.1.0
#   when: [flink.problems.imageTag]
#   help: Name a version tag or, best, a digest.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: flink:latest
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
#       image: "flink:1.20"
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.image_tag

import rego.v1

deny contains finding if some finding in input.flink.problems.imageTag
