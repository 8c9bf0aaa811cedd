# METADATA
# title: Containers run as a user other than root
# description: |
#   Pod Security level restricted wants runAsNonRoot: true for the pod or each container, and no runAsUser: 0. Flink's images
#   know the user flink by number, 9999; Kubernetes can only check a number, so set runAsUser: 9999 as well.
# custom:
#   id: security/run-as-non-root
#   level: error
#   since: 0.1.0
#   help: 'Set runAsNonRoot: true and runAsUser: 9999 in the pod''s securityContext.'
#   tenant: |
#     security: {podSecurity: {level: restricted}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {runAsNonRoot: false, seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {runAsNonRoot: true, runAsUser: 9999, seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
package flinkgate.security.run_as_non_root

import data.flinkgate.lib.pods
import rego.v1

# What allows root by word, at the pod or at a container.
deny contains finding if {
	pods.restricted
	some pod in input.flink.pods
	some context in pod.securityContexts
	context.spec.runAsNonRoot == false
	not pods.user_namespace(pod)
	finding := {
		"msg": sprintf("%s must not set runAsNonRoot to false", [pods.holder(context)]),
		"path": array.concat(context.path, ["runAsNonRoot"]),
	}
}

# What is root by number: policy versions from 1.23 look at it.
deny contains finding if {
	pods.restricted
	pods.minor >= 23
	some pod in input.flink.pods
	some context in pod.securityContexts
	context.spec.runAsUser == 0
	not pods.user_namespace(pod)
	finding := {
		"msg": sprintf("%s must not set runAsUser to 0", [pods.holder(context)]),
		"path": array.concat(context.path, ["runAsUser"]),
	}
}

deny contains finding if {
	pods.restricted
	some pod in input.flink.pods
	not pod.template.spec.securityContext.runAsNonRoot
	not pods.user_namespace(pod)
	some container in pod.containers
	not boolean(container)
	finding := {
		"msg": sprintf("container %q must set runAsNonRoot to true, or its pod must", [container.name]),
		"path": array.concat(container.path, ["securityContext", "runAsNonRoot"]),
	}
}

boolean(container) if is_boolean(container.spec.securityContext.runAsNonRoot)
