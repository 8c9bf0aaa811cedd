# METADATA
# title: Snapshots of one job and one kind
# description: |
#   A FlinkStateSnapshot is a savepoint or a checkpoint, not both and not neither, and names its job unless it records a savepoint that
#   exists already.
# custom:
#   id: flink/snapshot
#   level: error
#   since: 0.1.0
#   when: [flink.operator.snapshot]
#   help: Write either savepoint or checkpoint, and the job in jobReference.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkStateSnapshot
#     metadata: {name: etl-before-upgrade}
#     spec:
#       jobReference: {kind: FlinkDeployment, name: etl}
#       savepoint: {}
#       checkpoint: {}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkStateSnapshot
#     metadata: {name: etl-before-upgrade}
#     spec:
#       jobReference: {kind: FlinkDeployment, name: etl}
#       savepoint: {}
package flinkgate.flink.snapshot

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.snapshot
}
