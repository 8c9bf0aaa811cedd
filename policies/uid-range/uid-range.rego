# METADATA
# title: Ranges of user and group ids
# description: |
#   Files on shared volumes belong to numbers, not to names: two teams whose containers run as the same user id read
#   each other's files. Pods name user and group ids only out of the range that is set aside for them.
# custom:
#   id: user/uid-range
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       podTemplate:
#         spec:
#           securityContext: {runAsUser: 1000, fsGroup: 9999}
#           containers: [{name: flink-main-container}]
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
#       podTemplate:
#         spec:
#           securityContext: {runAsUser: 9999, fsGroup: 9999}
#           containers: [{name: flink-main-container}]
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.uid_range

import rego.v1

# Adapt: the range of each tenant, and that of all others. Flink's own images run as 9999.
ranges := {
	"payments": {"min": 9000, "max": 9999},
	"search": {"min": 8000, "max": 8999},
}

default_range := {"min": 9999, "max": 9999}

range := object.get(ranges, input.tenant.name, default_range)

fields := ["runAsUser", "runAsGroup", "fsGroup"]

# Every id that a pod or a container names, with its place.
ids contains {"field": field, "id": id, "path": path} if {
	some pod in input.flink.pods
	some field in fields
	id := pod.template.spec.securityContext[field]
	path := array.concat(pod.path, ["spec", "securityContext", field])
}

ids contains {"field": field, "id": id, "path": path} if {
	some pod in input.flink.pods
	some container in pod.containers
	some field in fields
	id := container.spec.securityContext[field]
	path := array.concat(container.path, ["securityContext", field])
}

ids contains {"field": "supplementalGroups", "id": id, "path": path} if {
	some pod in input.flink.pods
	some index, id in pod.template.spec.securityContext.supplementalGroups
	path := array.concat(pod.path, ["spec", "securityContext", "supplementalGroups", index])
}

outside(id) if id < range.min

outside(id) if id > range.max

deny contains finding if {
	some entry in ids
	outside(entry.id)
	finding := {
		"msg": sprintf("`%s` is %d, outside of the range %d to %d", [entry.field, entry.id, range.min, range.max]),
		"path": entry.path,
		"help": sprintf("use a number from %d to %d, or remove it", [range.min, range.max]),
	}
}
