# METADATA
# title: One cluster within its limit
# description: |
#   A tenant may limit how much any one Flink cluster uses, so that one job does not take what all share.
# custom:
#   id: quota/per-cluster
#   level: error
#   since: 0.1.0
#   when: [quota.exceeded]
#   help: Ask for less, or ask for a higher perCluster limit.
#   tenant: |
#     quota: {perCluster: {cpu: "2"}}
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
#       jobManager: {resource: {cpu: 0.5, memory: 2048m}}
#       taskManager: {resource: {cpu: 0.5, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 1, upgradeMode: stateless}
package flinkgate.quota.per_cluster

import rego.v1

deny contains finding if {
	some excess in input.quota.exceeded
	excess.scope == "cluster"
	finding := {
		"msg": sprintf("this cluster asks for %v %s, more than the %v that any one cluster may use", [excess.requested, excess.resource, excess.hard]),
		"path": excess.path,
	}
}
