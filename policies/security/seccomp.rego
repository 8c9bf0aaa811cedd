# METADATA
# title: A seccomp profile
# description: |
#   Level baseline forbids the profile Unconfined, which lets a container make any system call. Level restricted wants
#   RuntimeDefault or Localhost set for the pod or for each container.
# custom:
#   id: security/seccomp
#   level: error
#   since: 0.1.0
#   help: 'Set seccompProfile: {type: RuntimeDefault} in the pod''s securityContext.'
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {seccompProfile: {type: Unconfined}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.security.seccomp

import data.flinkgate.lib.pods
import rego.v1

deny contains finding if {
	pods.judged
	pods.minor >= 19
	some pod in input.flink.pods
	some context in pod.securityContexts
	type := context.spec.seccompProfile.type
	type != "RuntimeDefault"
	type != "Localhost"
	finding := {
		"msg": sprintf("%s must not have the seccomp profile %v", [pods.holder(context), type]),
		"path": array.concat(context.path, ["seccompProfile", "type"]),
	}
}

deny contains finding if {
	pods.restricted
	pods.minor >= 19
	some pod in input.flink.pods
	not pods.windows(pod)
	not pod.template.spec.securityContext.seccompProfile.type
	some container in pod.containers
	not container.spec.securityContext.seccompProfile.type
	finding := {
		"msg": sprintf("container %q must have a seccomp profile, or its pod must", [container.name]),
		"path": array.concat(container.path, ["securityContext", "seccompProfile"]),
	}
}
