# METADATA
# title: Size of a scaling step
# description: |
#   A zero too many turns 8 subtasks into 80. One update may multiply the parallelism of a running job only so far, and
#   a larger change takes several updates.
# custom:
#   id: user/scale-step
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
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 80, upgradeMode: stateless}
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
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 16, upgradeMode: stateless}
package library.scale_step

import rego.v1

# Adapt: how many times the parallelism one update may multiply it by.
max_factor := 2

# Adapt: the parallelism below which steps may be of any size.
free_below := 8

# `spec`, or of a FlinkBlueGreenDeployment `spec.template.spec`.
spec := array.slice(input.flink.configPath, 0, count(input.flink.configPath) - 1)

field := array.concat(spec, ["job", "parallelism"])

before := object.get(input.oldObject, field, null)

after := object.get(input.object, field, null)

ceiling := max([before * max_factor, free_below])

deny contains finding if {
	input.request.operation == "UPDATE"
	is_number(before)
	is_number(after)
	after > ceiling
	finding := {
		"msg": sprintf("the update multiplies the parallelism from %d to %d", [before, after]),
		"path": field,
		"help": sprintf("set it to at most %d, and go on from there", [ceiling]),
	}
}
