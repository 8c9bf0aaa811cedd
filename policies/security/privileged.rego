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
	some container in pod.containers
	container.spec.securityContext.privileged == true
	finding := {
		"msg": sprintf("container %q must not be privileged", [container.name]),
		"path": array.concat(container.path, ["securityContext", "privileged"]),
		"help": "remove privileged: true",
	}
}

deny contains finding if {
	pods.judged
	some pod in input.flink.pods
	some place in pods.holders(pod)
	place.spec.securityContext.windowsOptions.hostProcess == true
	finding := {
		"msg": sprintf("%s must not be a Windows HostProcess", [place.what]),
		"path": array.concat(place.path, ["securityContext", "windowsOptions", "hostProcess"]),
		"help": "remove hostProcess: true",
	}
}
