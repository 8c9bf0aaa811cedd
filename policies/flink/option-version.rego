# METADATA
# title: Options that the named Flink version reads
# description: |
#   A key that came with a later Flink, or went with an earlier one, is ignored without a word: `execution.checkpointing.dir` on
#   Flink 1.19 leaves a job without a checkpoint directory. A version newer than all known ones is taken for the newest of them.
# custom:
#   id: flink/option-version
#   level: warning
#   since: 0.1.0
#   when: [flink.options.unread]
#   help: Write the key that this Flink version reads, or name the version that runs.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_19
#       image: registry.example.com/flink:1.19
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://bucket/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_19
#       image: registry.example.com/flink:1.19
#       serviceAccount: flink
#       flinkConfiguration:
#         state.checkpoints.dir: s3://bucket/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.option_version

import rego.v1

warn contains finding if {
	some option in input.flink.options.unread
	msg := sprintf("Flink %s does not read option %s%s%s", [option.version, option.key, when(option), instead(option)])
	finding := {"msg": msg, "path": option.path}
}

when(option) := sprintf(", which came with %s", [option.since]) if option.since != null

else := sprintf(": %s was the last to do so", [option.until]) if option.until != null

else := ""

instead(option) := sprintf(": write %s", [option.instead]) if option.instead != null

else := ""
