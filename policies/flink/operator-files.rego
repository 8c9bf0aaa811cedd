# METADATA
# title: The operator's own files
# description: |
#   While the operator deploys an object, it takes the object's configuration for its own. Some options then name files of the
#   operator's pod, and what is in them ends up in the tenant's namespace: keytabs in a Secret, pod templates in a ConfigMap.
# custom:
#   id: flink/operator-files
#   level: error
#   since: 0.1.0
#   when: [flink.problems.operatorFiles]
#   help: Give the content in the object itself, or in a Secret of its namespace.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.pod-template-file.taskmanager: /var/run/secrets/kubernetes.io/serviceaccount/token
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
#       podTemplate: {spec: {priorityClassName: batch}}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.operator_files

import rego.v1

deny contains finding if some finding in input.flink.problems.operatorFiles
