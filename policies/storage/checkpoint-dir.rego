# METADATA
# title: Checkpoints have a place of the tenant's
# description: |
#   Without a checkpoint directory a job with upgradeMode savepoint or last-state cannot be upgraded, and its checkpoints live
#   in the JobManager's heap. Flink before 1.20 ignores execution.checkpointing.dir, though the operator accepts it. A tenant
#   may say where state may live: checkpoints, savepoints and high-availability metadata.
# custom:
#   id: storage/checkpoint-dir
#   level: error
#   since: 0.1.0
#   help: Set execution.checkpointing.dir (state.checkpoints.dir before Flink 1.20) to a directory of the tenant's.
#   asIs: true
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_19
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#         state.savepoints.dir: s3://payments-flink/savepoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: savepoint}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#         execution.checkpointing.savepoint-dir: s3://payments-flink/savepoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: savepoint}
package flinkgate.storage.checkpoint_dir

import rego.v1

deny contains finding if {
	not named
	needed
	option := input.flink.state.checkpointOption
	finding := {"msg": sprintf("option %s must name a checkpoint directory", [option]), "path": array.concat(input.flink.configPath, [option])}
}

named if {
	some directory in input.flink.state.directories
	directory.purpose == "checkpoints"
}

# A session job's cluster may name the directory for all of its jobs.
needed if {
	input.flink.declaresCluster
	input.flink.upgradeMode in {"savepoint", "last-state"}
}

needed if {
	input.flink.declaresCluster
	input.flink.engine == "operator"
	some field in ["volume", "locations"]
	input.tenant.storage.checkpoints[field]
}

deny contains finding if {
	some directory in input.flink.state.directories
	message := problem(directory)
	finding := {"msg": message, "path": directory.path}
}

problem(directory) := sprintf("this Flink version ignores %s: set %s", [directory.key, directory.readInstead]) if directory.readInstead != null

else := sprintf("the directory %q of %s %s", [directory.uri, directory.key, directory.problem]) if directory.problem != null

else := sprintf("the directory %q of %s must lie in %s", [directory.uri, directory.key, concat(" or ", input.flink.state.places)]) if {
	directory.allowed == false
	input.tenant != null
}
