# METADATA
# title: Sizes that Flink and Kubernetes can read
# description: |
#   What no size can be made of, a memory size that is none or a count that is no number, would fail only when the pods start,
#   and can be counted against no quota. What Flink says against sizes that can be read is told by `flink/memory`.
# custom:
#   id: flink/size
#   level: error
#   since: 0.1.0
#   when: [flink.size.problems]
#   help: Write counts as whole numbers, cpu as a number of cores, and memory as Flink does, such as 2048m or 4g.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: plenty}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.size

import rego.v1

deny contains finding if {
	some problem in input.flink.size.problems
	finding := {"msg": problem.message, "path": problem.path}
}
