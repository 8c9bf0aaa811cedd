# METADATA
# title: Upgrade mode by environment
# description: |
#   An upgrade in mode `stateless` starts the job without its state: in production that loses data, in development it
#   saves the time that a savepoint takes. Each environment allows the modes that fit it.
# custom:
#   id: user/upgrade-mode
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
#       flinkConfiguration:
#         execution.checkpointing.interval: 60s
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#         execution.checkpointing.savepoint-dir: s3://payments-flink/savepoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: savepoint}
package library.upgrade_mode

import rego.v1

# Adapt: environments by the last word of the namespace, and the upgrade modes that each allows. An environment that
# is not listed allows all.
allowed := {
	"prod": ["savepoint", "last-state"],
	"staging": ["savepoint", "last-state"],
}

environment := regex.find_n("[a-z0-9]+$", input.request.namespace, 1)[0]

# `spec`, or of a FlinkBlueGreenDeployment `spec.template.spec`.
spec := array.slice(input.flink.configPath, 0, count(input.flink.configPath) - 1)

deny contains finding if {
	input.flink.engine == "operator"
	mode := input.flink.upgradeMode
	is_string(mode)
	modes := allowed[environment]
	not mode in modes
	finding := {
		"msg": sprintf("upgrade mode `%s` is not allowed in environment `%s`", [mode, environment]),
		"path": array.concat(spec, ["job", "upgradeMode"]),
		"help": sprintf("set `upgradeMode: %s`", [modes[0]]),
	}
}
