# METADATA
# title: Parallelism ceilings by class
# description: |
#   The class of a job says how many subtasks it may run, and with that what it may cost. A job that outgrows its
#   class moves to the next one by a decision of its owners, not by an edit of one number.
# custom:
#   id: user/parallelism
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
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 16, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod, labels: {example.com/class: medium}}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 16, upgradeMode: stateless}
package library.parallelism

import rego.v1

# Adapt: the label that names an object's class, and the class of objects without it.
label := "example.com/class"

default_class := "small"

# Adapt: the highest parallelism of each class.
ceilings := {"small": 8, "medium": 32, "large": 128}

class := object.get(input.object, ["metadata", "labels", label], default_class)

# `spec`, or of a FlinkBlueGreenDeployment `spec.template.spec`.
spec := array.slice(input.flink.configPath, 0, count(input.flink.configPath) - 1)

field := array.concat(spec, ["job", "parallelism"])

found contains {"parallelism": parallelism, "path": field} if {
	parallelism := object.get(input.object, field, null)
	is_number(parallelism)
}

option := array.concat(input.flink.configPath, ["parallelism.default"])

found contains {"parallelism": parallelism, "path": option} if {
	not is_number(object.get(input.object, field, null))
	parallelism := to_number(input.flink.config["parallelism.default"])
}

deny contains finding if {
	some setting in found
	setting.parallelism > ceilings[class]
	finding := {
		"msg": sprintf(
			"parallelism %d is more than %d, the ceiling of class `%s`",
			[setting.parallelism, ceilings[class], class],
		),
		"path": setting.path,
		"help": help(setting.parallelism),
	}
}

deny contains finding if {
	not ceilings[class]
	finding := {
		"msg": sprintf("unknown class `%s`", [class]),
		"path": ["metadata", "labels", label],
		"help": sprintf("set label `%s` to one of `%s`", [label, concat("`, `", object.keys(ceilings))]),
	}
}

# Classes that are large enough, the smallest first.
fitting(parallelism) := [pair[1] |
	some pair in sort([[ceiling, name] | some name, ceiling in ceilings])
	pair[0] >= parallelism
]

help(parallelism) := sprintf("lower it to %d, or set label `%s: %s`", [ceilings[class], label, next]) if {
	next := fitting(parallelism)[0]
}

help(parallelism) := sprintf("lower it to %d", [ceilings[class]]) if count(fitting(parallelism)) == 0
