# METADATA
# title: Time to end
# description: |
#   Pods that are killed at once (terminationGracePeriodSeconds: 0), or before Flink's own cluster.services.shutdown-timeout is over, leave connections
#   open and standbys waiting for a lease. More than an hour holds up every upgrade and every node that is to be emptied; savepoints need none
#   of it, for they are taken before pods are stopped.
# custom:
#   id: scheduling/termination
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.termination]
#   help: Leave terminationGracePeriodSeconds out (30 s), or write some minutes at most.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       podTemplate:
#         spec: {terminationGracePeriodSeconds: 0}
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
#       podTemplate:
#         spec: {terminationGracePeriodSeconds: 60}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.scheduling.termination

import rego.v1

warn contains finding if some finding in input.flink.problems.termination
