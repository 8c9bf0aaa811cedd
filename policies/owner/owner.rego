# METADATA
# title: Owner and on-call annotations
# description: |
#   At three in the morning an operator has to find out whom a failing cluster belongs to. The object itself says
#   which group owns it and whom to call.
# custom:
#   id: user/owner
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata:
#       name: payments-etl
#       namespace: payments-prod
#       annotations: {example.com/owner: Alice}
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
#       annotations:
#         example.com/owner: payments@example.com
#         example.com/on-call: https://pager.example.com/payments
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.owner

import rego.v1

# Adapt: the annotations, a regular expression for the value of each, and an example of one.
required := {
	"example.com/owner": {
		"pattern": `^[a-z0-9._-]+@example\.com$`,
		"example": "payments@example.com",
	},
	"example.com/on-call": {
		"pattern": `^https://pager\.example\.com/[a-z0-9-]+$`,
		"example": "https://pager.example.com/payments",
	},
}

# Adapt: which objects need an owner. Here clusters and session jobs.
applies if input.flink.declaresCluster

applies if input.request.kind.kind == "FlinkSessionJob"

annotations := object.get(input.object, ["metadata", "annotations"], {})

deny contains finding if {
	applies
	some key, rule in required
	not annotations[key]
	finding := {
		"msg": sprintf("annotation `%s` is missing", [key]),
		"path": ["metadata", "annotations", key],
		"help": sprintf("set it, for example to `%s`", [rule.example]),
	}
}

deny contains finding if {
	applies
	some key, rule in required
	value := annotations[key]
	not regex.match(rule.pattern, value)
	finding := {
		"msg": sprintf("annotation `%s` is `%s`, which does not match `%s`", [key, value, rule.pattern]),
		"path": ["metadata", "annotations", key],
		"help": sprintf("set it to a value such as `%s`", [rule.example]),
	}
}
