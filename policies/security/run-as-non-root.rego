# METADATA
# title: Containers run as a user other than root
# description: |
#   Pod Security level restricted wants runAsNonRoot: true for the pod or each container. Flink's images
#   know the user flink by number, 9999; Kubernetes can only check a number, so set runAsUser: 9999 as well.
#   A pod with users of its own (hostUsers: false) may do as it likes from version 1.35 on.
# custom:
#   id: security/run-as-non-root
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.runAsNonRoot]
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

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.runAsNonRoot
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
