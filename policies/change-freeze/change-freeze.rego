# METADATA
# title: Change freeze
# description: |
#   A deployment that fails on a weekend, in a large sale or at the closing of the year costs more than at other times.
#   In a freeze, clusters and jobs in production change only under a change ticket, which an annotation names.
# custom:
#   id: user/change-freeze
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
#     metadata:
#       name: payments-etl
#       namespace: payments-prod
#       annotations: {example.com/change: CHG-20417}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.change_freeze

import rego.v1

# Adapt: the freezes. `until` is the first moment after one.
freezes := [
	{"from": "2026-11-23T00:00:00Z", "until": "2026-12-01T06:00:00Z", "reason": "sales week"},
	{"from": "2026-12-18T16:00:00Z", "until": "2027-01-04T06:00:00Z", "reason": "closing of the year"},
]

# Adapt: days of the week (UTC) that are frozen; none with `{}` in place of the days' names.
frozen_days := {"Saturday": "weekend", "Sunday": "weekend"}

# Adapt: a regular expression for the namespaces of production.
production := "-prod$"

# Adapt: the annotation that names a change ticket, and a regular expression for tickets.
annotation := "example.com/change"

ticket := "^CHG-[0-9]+$"

# Tests replace it.
now_ns := time.now_ns()

reasons contains freeze.reason if {
	some freeze in freezes
	now_ns >= time.parse_rfc3339_ns(freeze.from)
	now_ns < time.parse_rfc3339_ns(freeze.until)
}

reasons contains frozen_days[time.weekday(now_ns)]

applies if input.flink.declaresCluster

applies if input.request.kind.kind == "FlinkSessionJob"

excepted if regex.match(ticket, input.object.metadata.annotations[annotation])

deny contains finding if {
	applies
	regex.match(production, input.request.namespace)
	not excepted
	some reason in reasons
	finding := {
		"msg": sprintf("namespace `%s` is frozen: %s", [input.request.namespace, reason]),
		"path": ["metadata", "annotations", annotation],
		"help": sprintf("wait, or name an approved change in the annotation `%s`, such as `CHG-20417`", [annotation]),
	}
}
