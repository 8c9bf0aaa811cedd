# METADATA
# title: The usual view of /proc
# description: |
#   Container runtimes hide what is the node's in /proc. Level baseline forbids to unmask it, unless the pod has users of its own
#   (hostUsers: false, from version 1.35 on); level restricted forbids it then too.
# custom:
#   id: security/proc-mount
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.procMount]
#   help: Remove securityContext.procMount.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {procMount: Unmasked}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {procMount: Default}}
package flinkgate.security.proc_mount

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.procMount
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
