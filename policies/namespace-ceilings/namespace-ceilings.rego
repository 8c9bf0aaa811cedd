# METADATA
# title: Size ceilings by namespace class
# description: |
#   A tenant's quota limits what all of its namespaces use together. This policy limits one cluster by the class of its
#   namespace, so that an experiment in a development namespace cannot use up what production needs.
# custom:
#   id: user/namespace-ceilings
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-dev}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 4, memory: 16384m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 8, upgradeMode: stateless}
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
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 4, upgradeMode: stateless}
package library.namespace_ceilings

import rego.v1

# Adapt: classes by the last word of the namespace, and the most that one cluster may request there. A namespace of
# another class has no ceiling.
ceilings := {
	"dev": {"cpu": 8, "memory": "32Gi", "taskManagers": 4},
	"staging": {"cpu": 16, "memory": "64Gi", "taskManagers": 8},
	"prod": {"cpu": 128, "memory": "512Gi", "taskManagers": 64},
}

class := regex.find_n("[a-z0-9]+$", input.request.namespace, 1)[0]

total := input.flink.size.total

gib := (1024 * 1024) * 1024

# What the cluster requests: a number to compare, and a text to show.
requests := {
	"cpu": {"number": total.cpu, "text": sprintf("%v", [total.cpu])},
	"memory": {"number": total.memoryBytes, "text": sprintf("%vGi", [round((total.memoryBytes * 10) / gib) / 10])},
	"taskManagers": {"number": total.taskManagers, "text": sprintf("%d", [total.taskManagers])},
}

number(ceiling) := ceiling if is_number(ceiling)

number(ceiling) := units.parse_bytes(ceiling) if is_string(ceiling)

deny contains finding if {
	input.flink.declaresCluster
	some resource, request in requests
	ceiling := ceilings[class][resource]
	request.number > number(ceiling)
	finding := {
		"msg": sprintf(
			"the cluster requests %s `%s`, more than %v in namespaces of class `%s`",
			[request.text, resource, ceiling, class],
		),
		"path": ["spec"],
		"help": sprintf("request at most %v `%s`: lower the parallelism or the size of the pods", [ceiling, resource]),
	}
}
