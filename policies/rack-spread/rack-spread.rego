# METADATA
# title: Spread over racks
# description: |
#   The pods of one cluster on one rack share its switch and its power supply. From a size on, TaskManagers are spread
#   over racks by a topology spread constraint, which zones and nodes alone do not give.
# custom:
#   id: user/rack-spread
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
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 6, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager:
#         resource: {cpu: 1, memory: 4096m}
#         podTemplate:
#           spec:
#             topologySpreadConstraints:
#               - topologyKey: topology.example.com/rack
#                 maxSkew: 1
#                 whenUnsatisfiable: ScheduleAnyway
#                 labelSelector: {matchLabels: {app: payments-etl, component: taskmanager}}
#             containers: [{name: flink-main-container}]
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 6, upgradeMode: stateless}
package library.rack_spread

import rego.v1

# Adapt: the node label that names a rack.
topology_key := "topology.example.com/rack"

# Adapt: from how many pods on the pods of a role are spread, and how uneven the spread may be.
from_replicas := 3

max_skew := 1

# A constraint without a selector counts no pods.
spreads(constraint) if {
	constraint.topologyKey == topology_key
	constraint.maxSkew <= max_skew
	constraint.labelSelector
}

is_spread(pod) if {
	some constraint in pod.template.spec.topologySpreadConstraints
	spreads(constraint)
}

# A pod that exists already got its constraints from what made it.
deny contains finding if {
	input.request.kind.kind != "Pod"
	some pod in input.flink.pods
	pod.role in {"jobManager", "taskManager"}
	pod.replicas >= from_replicas
	not is_spread(pod)
	finding := {
		"msg": sprintf("%d pods of role `%s` are not spread over racks", [pod.replicas, pod.role]),
		"path": array.concat(pod.path, ["spec", "topologySpreadConstraints"]),
		"help": sprintf(
			"add a constraint with `topologyKey: %s`, `maxSkew: %d` and a `labelSelector`",
			[topology_key, max_skew],
		),
	}
}
