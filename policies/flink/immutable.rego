# METADATA
# title: What cannot change while a cluster runs
# description: |
#   A session cluster does not become an application's nor the reverse, native mode does not become standalone nor the reverse, a
#   session job does not move to another cluster, a job suspended with its last state keeps its Flink version, and a redeployment names
#   its savepoint. Compared is with what runs by the operator's status (lastReconciledSpec), or else with what is stored.
# custom:
#   id: flink/immutable
#   level: error
#   since: 0.1.0
#   when: [flink.operator.change]
#   help: Create another object instead.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       mode: standalone
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#     status:
#       reconciliationStatus:
#         lastReconciledSpec: '{"spec": {"mode": "native", "job": {"parallelism": 2}}}'
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       mode: native
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#     status:
#       reconciliationStatus:
#         lastReconciledSpec: '{"spec": {"mode": null, "job": {"parallelism": 2}}}'
package flinkgate.flink.immutable

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.change
}
