# METADATA
# title: No way to gain privileges
# description: |
#   Pod Security level restricted wants allowPrivilegeEscalation: false on every container, so that no setuid program in the
#   image makes a process more than it was started as. Flink's entry point needs it only to leave root, which it then never is.
# custom:
#   id: security/allow-privilege-escalation
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.allowPrivilegeEscalation]
#   help: 'Set allowPrivilegeEscalation: false in the container''s securityContext.'
#   tenant: |
#     security: {podSecurity: {level: restricted}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {runAsNonRoot: true, runAsUser: 9999, seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {allowPrivilegeEscalation: true, capabilities: {drop: [ALL]}}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {runAsNonRoot: true, runAsUser: 9999, seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
package flinkgate.security.allow_privilege_escalation

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.allowPrivilegeEscalation
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
