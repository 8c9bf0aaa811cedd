# METADATA
# title: Few Linux capabilities
# description: |
#   Level baseline allows to add only what container runtimes give by default. Level restricted wants all dropped and at most
#   NET_BIND_SERVICE added, from version 1.22 on, and says nothing of Windows from 1.25 on. Flink runs with none: its ports lie above 1024.
# custom:
#   id: security/capabilities
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.capabilities]
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

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.capabilities
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
