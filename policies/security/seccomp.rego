# METADATA
# title: A seccomp profile
# description: |
#   Level baseline forbids the profile Unconfined, which lets a container make any system call. Level restricted wants
#   RuntimeDefault or Localhost set for the pod or for each container, Windows pods excepted. Versions before 1.19 look at the annotations
#   of old instead.
# custom:
#   id: security/seccomp
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.seccomp]
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

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.seccomp
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
