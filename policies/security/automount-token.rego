# METADATA
# title: Tokens where they are needed
# description: |
#   The code of a job can read the token of its pod's service account, and do with it what Flink may do: make pods, read ConfigMaps.
#   JobManagers need it in native mode, and all of Flink's pods for high availability by Kubernetes; others do not.
# custom:
#   id: security/automount-token
#   level: error
#   since: 0.1.0
#   when: [flink.problems.tokens]
#   help: Set automountServiceAccountToken to false in the pod template.
#   tenant: |
#     security: {tokensWhereNeeded: true}
#   bad: |
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
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}, podTemplate: {spec: {automountServiceAccountToken: false}}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.automount_token

import rego.v1

deny contains finding if some finding in input.flink.problems.tokens
