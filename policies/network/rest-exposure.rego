# METADATA
# title: Flink's REST port where the tenant wants it
# description: |
#   Flink asks nobody for a password: who reaches the REST port cancels jobs and, in a session cluster, runs code of his own. A Service
#   of type NodePort or LoadBalancer, or with addresses of its own, lets in anybody, and that is a warning unless REST itself wants
#   certificates. A tenant may say which types a Service may have, and that whoever comes must be asked, at an Ingress too.
# custom:
#   id: network/rest-exposure
#   level: error
#   since: 0.1.0
#   when: [flink.problems.exposure]
#   help: Remove the option, and publish Flink through an Ingress that asks who comes.
#   tenant: |
#     network: {serviceTypes: [ClusterIP, Headless_ClusterIP]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.rest-service.exposed.type: LoadBalancer
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
#         kubernetes.rest-service.exposed.type: ClusterIP
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.network.rest_exposure

import rego.v1

deny contains finding if some finding in input.flink.problems.exposure
