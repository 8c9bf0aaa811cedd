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

# Whatever sets root by word, at the pod or at a container.
deny contains finding if {
	pods.restricted
	some pod in input.flink.pods
	not pods.user_namespace(pod)
	some place in pods.holders(pod)
	some field, value in {"runAsNonRoot": false, "runAsUser": 0}
	place.spec.securityContext[field] == value
	pods.minor >= {"runAsNonRoot": 0, "runAsUser": 23}[field]
	finding := {
		"msg": sprintf("%s must not set %s to %v", [place.what, field, value]),
		"path": array.concat(place.path, ["securityContext", field]),
	}
}

deny contains finding if {
	pods.restricted
	some pod in input.flink.pods
	not pods.user_namespace(pod)
	not pod.template.spec.securityContext.runAsNonRoot
	some container in pod.containers
	not boolean(container)
	finding := {
		"msg": sprintf("container %q must set runAsNonRoot to true, or its pod must", [container.name]),
		"path": array.concat(container.path, ["securityContext", "runAsNonRoot"]),
	}
}

boolean(container) if is_boolean(container.spec.securityContext.runAsNonRoot)
