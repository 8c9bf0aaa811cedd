# METADATA
# title: Access to production
# description: |
#   Kubernetes' roles say who may write a kind in a namespace, and often that is more people than should. Flink objects
#   in production come from the delivery pipeline, or from the release managers when it is down.
# custom:
#   id: user/production-access
#   level: error
#   bad: |
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
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-dev}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.production_access

import rego.v1

# Adapt: a regular expression for the namespaces of production.
production := "-prod$"

# Adapt: users and groups who may change it. The Flink operator writes fields of its own objects.
users := {
	"system:serviceaccount:argocd:argocd-application-controller",
	"system:serviceaccount:flink-operator:flink-operator",
}

groups := {"release-managers"}

user := input.request.userInfo

allowed if user.username in users

allowed if {
	some group in user.groups
	group in groups
}

applies if input.flink.declaresCluster

applies if input.request.kind.kind == "FlinkSessionJob"

# A file has no user: what the linter reads passes.
deny contains finding if {
	applies
	regex.match(production, input.request.namespace)
	user.username != ""
	not allowed
	finding := {
		"msg": sprintf(
			"user `%s` may not change Flink objects in namespace `%s`",
			[user.username, input.request.namespace],
		),
		"path": [],
		"help": sprintf("let the delivery pipeline apply the change, or ask one of `%s`", [concat("`, `", groups)]),
	}
}
