# METADATA
# title: Data of the tenant's only
# description: |
#   A savepoint that a job starts from holds another job's state, an archive its plans and its configuration. Where a tenant's
#   state may live, so may these: initialSavepointPath, execution.state-recovery.path, jobmanager.archive.fs.dir and their like.
#   A tenant may also say where in ZooKeeper high availability keeps its nodes.
# custom:
#   id: storage/foreign-data
#   level: error
#   since: 0.1.0
#   when: [flink.problems.data]
#   help: Use a directory of the tenant.
#   tenant: |
#     storage: {checkpoints: {locations: ["s3://payments-flink/"]}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://payments-flink/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless, initialSavepointPath: "s3://search-flink/savepoint-1"}
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
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless, initialSavepointPath: "s3://payments-flink/savepoint-1"}
package flinkgate.storage.foreign_data

import rego.v1

deny contains finding if some finding in input.flink.problems.data
