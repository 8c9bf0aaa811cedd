# METADATA
# title: The tenant within its quota
# description: |
#   All clusters of a tenant together stay within its quota. A cluster counts whole when it is created, before its pods are.
# custom:
#   id: quota/exceeded
#   level: error
#   since: 0.1.0
#   when: [quota.exceeded]
#   help: Ask for less, delete what is not used, or ask for a higher quota.
#   tenant: |
#     quota: {hard: {cpu: "2"}}
#   bad: |
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
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 0.5, memory: 2048m}}
#       taskManager: {resource: {cpu: 0.5, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 1, upgradeMode: stateless}
package flinkgate.quota.exceeded

import rego.v1

deny contains finding if {
	some excess in input.quota.exceeded
	excess.scope == "tenant"
	finding := {"msg": message(excess), "path": excess.path}
}

message(excess) := sprintf("this asks for %v %s while the tenant may use %v in all", [excess.requested, excess.resource, excess.hard]) if excess.used == "0"

message(excess) := sprintf(
	"this asks for %v %s while %v of the tenant's %v are in use already",
	[excess.requested, excess.resource, excess.used, excess.hard],
) if {
	excess.used != "0"
}
