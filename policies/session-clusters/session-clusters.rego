# METADATA
# title: Session clusters in production
# description: |
#   Jobs of a session cluster share its TaskManagers: one that runs out of memory takes the others down, and none can
#   be upgraded or billed alone. In production every job has a cluster of its own.
# custom:
#   id: user/session-clusters
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-session, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/session:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.session_clusters

import rego.v1

# Adapt: a regular expression for the namespaces of production.
production := "-prod$"

in_production if regex.match(production, input.request.namespace)

# Lyft's FlinkApplication always has a job, which it does not call one.
deny contains finding if {
	in_production
	input.flink.declaresCluster
	input.flink.engine != "lyft"
	is_null(input.flink.upgradeMode)
	finding := {
		"msg": sprintf("session clusters are not allowed in namespace `%s`", [input.request.namespace]),
		"path": ["spec"],
		"help": "add the job to the object, as `spec.job`",
	}
}

deny contains finding if {
	in_production
	input.request.kind.kind == "FlinkSessionJob"
	finding := {
		"msg": sprintf("jobs of session clusters are not allowed in namespace `%s`", [input.request.namespace]),
		"path": ["spec", "deploymentName"],
		"help": "declare a FlinkDeployment with this `spec.job` instead",
	}
}
