# METADATA
# title: Options that the tenant may not set
# description: |
#   Some options reach around the fields that other rules judge: Java options, entry points, files of the operator. A tenant's
#   list names them, exactly or with stars. What Flinkgate itself sets for the tenant does not count.
# custom:
#   id: flink/forbidden-option
#   level: error
#   since: 0.1.0
#   when: [flink.forbidden]
#   help: Remove the option.
#   tenant: |
#     flink: {configuration: {forbidden: ["env.java.opts.*"]}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         env.java.opts.all: -javaagent:/tmp/agent.jar
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
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
#       flinkConfiguration:
#         taskmanager.numberOfTaskSlots: "2"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.forbidden_option

import rego.v1

deny contains finding if {
	some option in input.flink.forbidden
	finding := {"msg": message(option), "path": option.path}
}

message(option) := sprintf("option %s is not allowed here", [option.key]) if option.key == option.pattern

message(option) := sprintf("option %s is not allowed here: the tenant forbids %s", [option.key, option.pattern]) if option.key != option.pattern
