# METADATA
# title: No privileged containers
# description: |
#   A privileged container is root on its node: it reaches every other tenant's pods there. Flink never needs it.
#   Holds for init and ephemeral containers, and for Windows HostProcess containers, at Pod Security level baseline.
# custom:
#   id: security/privileged
#   level: error
#   since: 0.1.0
#   help: Remove securityContext.privileged; ask for single capabilities if the container needs any.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - name: tool
#           image: registry.example.com/tool:1.0
#           securityContext: {privileged: true}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - name: tool
#           image: registry.example.com/tool:1.0
#           securityContext: {privileged: false}
package flinkgate.security.privileged

import data.flinkgate.lib.pods
import rego.v1

deny contains finding if {
	pods.judged
	some pod in input.flink.pods
	some context in pod.securityContexts
	context.spec.privileged == true
	context.container != null
	finding := {
		"msg": sprintf("%s must not be privileged", [pods.holder(context)]),
		"path": array.concat(context.path, ["privileged"]),
		"help": "remove privileged: true",
	}
}

deny contains finding if {
	pods.judged
	some pod in input.flink.pods
	some context in pod.securityContexts
	context.spec.windowsOptions.hostProcess == true
	finding := {
		"msg": sprintf("%s must not be a Windows HostProcess", [pods.holder(context)]),
		"path": array.concat(context.path, ["windowsOptions", "hostProcess"]),
		"help": "remove hostProcess: true",
	}
}
