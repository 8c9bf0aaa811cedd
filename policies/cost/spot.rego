# METADATA
# title: Spot nodes for what may be lost
# description: |
#   Nodes that may go away at any moment are cheap, and right for TaskManagers, whose work a checkpoint brings back. A JobManager without high
#   availability loses its jobs with its node. The tenant says which nodes these are, and whether TaskManagers belong there.
# custom:
#   id: cost/spot
#   level: error
#   since: 0.1.0
#   when: [flink.problems.spot]
#   help: Turn high availability on, or keep the JobManager on other nodes.
#   tenant: |
#     cost: {spot: {nodeSelector: {pool: spot}}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}, podTemplate: {spec: {nodeSelector: {pool: spot}}}}
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
#       jobManager: {resource: {cpu: 1, memory: 2048m}, podTemplate: {spec: {nodeSelector: {pool: stable}}}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.cost.spot

import rego.v1

deny contains finding if some finding in input.flink.problems.spot
