# METADATA
# title: Memory per core
# description: |
#   Nodes have a fixed ratio of memory to cores. Pods that are far from it leave one of the two unused, and the bill is
#   for both. Pods with little memory for each core also spend their time collecting garbage.
# custom:
#   id: user/memory-per-core
#   level: warning
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 32768m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 4, memory: 32768m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.memory_per_core

import rego.v1

# Adapt: the least and the most memory for one core of a TaskManager, in GiB.
min_gib := 2

max_gib := 8

gib := (1024 * 1024) * 1024

task_manager := input.flink.size.taskManager

# To a tenth.
ratio := round((task_manager.memoryBytes / task_manager.cpu / gib) * 10) / 10 if task_manager.cpu > 0

outside if ratio < min_gib

outside if ratio > max_gib

# `spec`, or of a FlinkBlueGreenDeployment `spec.template.spec`.
spec := array.slice(input.flink.configPath, 0, count(input.flink.configPath) - 1)

path := array.concat(spec, ["taskManager", "resource"]) if input.flink.engine == "operator"

path := ["spec"] if input.flink.engine != "operator"

deny contains finding if {
	outside
	finding := {
		"msg": sprintf("a TaskManager has %vGi of memory for each core", [ratio]),
		"path": path,
		"help": sprintf("request between %dGi and %dGi for each core", [min_gib, max_gib]),
	}
}
