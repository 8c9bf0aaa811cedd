# METADATA
# title: Few Linux capabilities
# description: |
#   Level baseline allows to add only what container runtimes give by default. Level restricted wants all dropped and at most
#   NET_BIND_SERVICE added. Flink runs with none: its ports lie above 1024.
# custom:
#   id: security/capabilities
#   level: error
#   since: 0.1.0
#   help: Drop ALL capabilities, and add none.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {capabilities: {add: [SYS_ADMIN]}}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {capabilities: {drop: [ALL]}}}
package flinkgate.security.capabilities

import data.flinkgate.lib.pods
import rego.v1

default_capabilities := {
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
	"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

hardened(pod) if {
	pods.restricted
	pods.minor >= 22
	not pods.windows(pod)
}

allowed(pod) := {"NET_BIND_SERVICE"} if hardened(pod)

else := default_capabilities

deny contains finding if {
	pods.judged
	some pod in input.flink.pods
	some context in pod.securityContexts
	some index, capability in context.spec.capabilities.add
	context.container != null
	not capability in allowed(pod)
	finding := {
		"msg": sprintf("%s must not add the capability %s", [pods.holder(context), capability]),
		"path": array.concat(context.path, ["capabilities", "add", sprintf("%d", [index])]),
	}
}

deny contains finding if {
	pods.restricted
	some pod in input.flink.pods
	some container in pod.containers
	not "ALL" in container.spec.securityContext.capabilities.drop
	hardened(pod)
	finding := {
		"msg": sprintf("container %q must drop ALL capabilities", [container.name]),
		"path": array.concat(container.path, ["securityContext", "capabilities", "drop"]),
	}
}
