# METADATA
# title: No privileged containers
# description: |
#   A privileged container is root on its node: it reaches every other tenant's pods there. Flink never needs it.
#   Holds for init and ephemeral containers too, at Pod Security level baseline and above.
# custom:
#   id: security/privileged
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.privileged]
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

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.privileged
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
