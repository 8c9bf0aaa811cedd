# METADATA
# title: Tolerations of the tenant only
# description: |
#   A toleration opens nodes that were closed for a reason. Once a tenant lists tolerations, pods have those and narrower
#   ones. The tolerations that Kubernetes adds by itself, for nodes not ready or unreachable, are always fine.
# custom:
#   id: scheduling/tolerations
#   level: error
#   since: 0.1.0
#   help: Leave tolerations out, and Flinkgate adds the tenant's.
#   tenant: |
#     scheduling: {tolerations: [{key: flink, operator: Exists}]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       tolerations: [{key: dedicated, operator: Exists}]
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       tolerations: [{key: flink, operator: Equal, value: batch, effect: NoSchedule}]
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.tolerations

import rego.v1

deny contains finding if {
	input.tenant.scheduling.tolerations
	some pod in input.flink.pods
	some index, toleration in pod.template.spec.tolerations
	not covered(toleration)
	finding := {"msg": message(toleration), "path": array.concat(pod.path, ["spec", "tolerations", sprintf("%d", [index])])}
}

deny contains finding if {
	input.tenant.scheduling.tolerations
	some option in input.flink.tolerations
	not covered(option.toleration)
	finding := {"msg": message(option.toleration), "path": option.path}
}

message(toleration) := sprintf("the toleration of %v is not one of the tenant's", [object.get(toleration, "key", "everything")])

covered(toleration) if {
	toleration.key in {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
	toleration.effect == "NoExecute"
}

covered(toleration) if {
	some own in input.tenant.scheduling.tolerations
	object.get(own, "key", "") in {"", object.get(toleration, "key", "")}
	object.get(own, "effect", "") in {"", object.get(toleration, "effect", "")}
	same_value(own, toleration)
}

same_value(own, _) if own.operator == "Exists"

same_value(own, toleration) if {
	object.get(own, "operator", "Equal") == object.get(toleration, "operator", "Equal")
	object.get(own, "value", "") == object.get(toleration, "value", "")
}
