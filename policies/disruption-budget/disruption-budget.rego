# METADATA
# title: Required PodDisruptionBudget
# description: |
#   The platform keeps one PodDisruptionBudget for each class of pods in a namespace, and selects pods by a label. Flink
#   pods in production carry that label, so that a node drain never takes several at once; and a budget of the
#   namespace lets at least one pod go, so that a drain ends.
# custom:
#   id: user/disruption-budget
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
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       podTemplate:
#         metadata:
#           labels: {example.com/disruption-budget: flink}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.disruption_budget

import rego.v1

# Adapt: the label by which the platform's PodDisruptionBudgets select pods, and the values that have a budget.
label := "example.com/disruption-budget"

budgets := ["flink", "flink-critical"]

# Adapt: a regular expression for the namespaces of production.
production := "-prod$"

in_production if regex.match(production, input.request.namespace)

covered(pod) if object.get(pod.template, ["metadata", "labels", label], "") in budgets

# A pod that exists already got its labels from what made it.
deny contains finding if {
	in_production
	input.flink.engine != "none"
	input.request.kind.kind != "Pod"
	some pod in input.flink.pods
	pod.role in {"jobManager", "taskManager"}
	not covered(pod)
	finding := {
		"msg": sprintf("label `%s` of the pods selects no PodDisruptionBudget", [label]),
		"path": array.concat(pod.path, ["metadata", "labels", label]),
		"help": sprintf("set it to one of `%s` in the pod template", [concat("`, `", budgets)]),
	}
}

# Fields of a budget that keep every pod where it is.
frozen := {
	"maxUnavailable": [0, "0", "0%"],
	"minAvailable": ["100%"],
}

deny contains finding if {
	in_production
	input.request.kind.kind == "PodDisruptionBudget"
	some field, values in frozen
	value := input.object.spec[field]
	value in values
	finding := {
		"msg": sprintf("`%s: %v` lets no pod go, so a node drain never ends", [field, value]),
		"path": ["spec", field],
		"help": "set `maxUnavailable: 1` instead",
	}
}
