# METADATA
# title: No user number 0
# description: |
#   Number 0 is root, whatever the image says. Pod Security level restricted forbids it from version 1.23 on, for the pod and every
#   container. A pod with users of its own (hostUsers: false) may do as it likes from version 1.35 on.
# custom:
#   id: security/run-as-user
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.runAsUser]
#   help: 'Set runAsUser: 9999, which is the user flink of Flink''s images.'
#   tenant: |
#     security: {podSecurity: {level: restricted}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {runAsNonRoot: true, runAsUser: 0, seccompProfile: {type: RuntimeDefault}}
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
package flinkgate.security.run_as_user

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.runAsUser
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
