# METADATA
# title: Required labels
# description: |
#   Inventories, cost reports and data-protection audits select objects by their labels. A label that is missing, or
#   that holds a value of its author's own, is an object that no report shows.
# custom:
#   id: user/required-labels
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata:
#       name: payments-etl
#       namespace: payments-prod
#       labels: {app.kubernetes.io/part-of: payments, example.com/data-class: secret}
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
#     metadata:
#       name: payments-etl
#       namespace: payments-prod
#       labels:
#         app.kubernetes.io/part-of: payments
#         example.com/cost-center: "4711"
#         example.com/data-class: confidential
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.required_labels

import rego.v1

# Adapt: the labels, and what each may hold: `any` text, one of `values`, or what matches a `pattern`.
required := {
	"app.kubernetes.io/part-of": {"any": true},
	"example.com/cost-center": {"pattern": "^[0-9]{4}$"},
	"example.com/data-class": {"values": ["public", "internal", "confidential"]},
}

# Adapt: which objects need them. Here all that declare a cluster or a job.
applies if input.flink.declaresCluster

applies if input.request.kind.kind == "FlinkSessionJob"

labels := object.get(input.object, ["metadata", "labels"], {})

accepts(rule, _) if rule.any

accepts(rule, value) if value in rule.values

accepts(rule, value) if regex.match(rule.pattern, value)

wanted(rule) := "any text" if rule.any

wanted(rule) := sprintf("one of `%s`", [concat("`, `", rule.values)]) if rule.values

wanted(rule) := sprintf("a value that matches `%s`", [rule.pattern]) if rule.pattern

deny contains finding if {
	applies
	some key, rule in required
	not labels[key]
	finding := {
		"msg": sprintf("label `%s` is missing", [key]),
		"path": ["metadata", "labels", key],
		"help": sprintf("set it to %s", [wanted(rule)]),
	}
}

deny contains finding if {
	applies
	some key, rule in required
	value := labels[key]
	not accepts(rule, value)
	finding := {
		"msg": sprintf("label `%s` is `%s`", [key, value]),
		"path": ["metadata", "labels", key],
		"help": sprintf("set it to %s", [wanted(rule)]),
	}
}
