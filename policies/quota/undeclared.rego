# METADATA
# title: What is limited is declared
# description: |
#   A pod that declares neither request nor limit of a resource that its tenant limits could use any amount of it unseen, and
#   is refused, as ResourceQuota does.
# custom:
#   id: quota/undeclared
#   level: error
#   since: 0.1.0
#   when: [quota.undeclared]
#   help: Set resources.requests on every container.
#   tenant: |
#     quota: {hard: {cpu: "2"}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", resources: {requests: {cpu: 100m}}}
package flinkgate.quota.undeclared

import rego.v1

deny contains finding if {
	some missing in input.quota.undeclared
	finding := {
		"msg": sprintf("%s must declare its %s, for the tenant's quota limits it", [who(missing), missing.resource]),
		"path": missing.path,
	}
}

who(missing) := sprintf("container %q", [missing.container]) if missing.container

who(missing) := "the pod" if not missing.container
