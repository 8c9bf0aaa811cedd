# METADATA
# title: The tenant's labels
# description: |
#   Labels such as a cost centre say whose pods these are. Flinkgate adds them; an object that gives one another value is
#   refused rather than silently changed, be it in a pod template or in an option that stands over it (kubernetes.taskmanager.labels).
# custom:
#   id: tenancy/label
#   level: error
#   since: 0.1.0
#   when: [mutation.conflicts]
#   help: Leave the label out, and Flinkgate adds it.
#   tenant: |
#     labels: {cost-center: "4711"}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool, labels: {cost-center: "1"}}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool, labels: {cost-center: "4711"}}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.tenancy.label

import rego.v1

deny contains finding if {
	some conflict in input.mutation.conflicts
	conflict.rule == "tenancy/label"
	finding := object.remove(conflict, ["rule"])
}
