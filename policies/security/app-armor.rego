# METADATA
# title: No AppArmor profile of one's own
# description: |
#   Container runtimes confine containers with an AppArmor profile where the node has AppArmor. Level baseline forbids to switch
#   it off: RuntimeDefault and profiles that lie on the node are allowed, as fields of the pod and its containers and as annotations.
# custom:
#   id: security/app-armor
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.appArmor]
#   help: 'Set appArmorProfile: {type: RuntimeDefault}, or leave it out.'
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {appArmorProfile: {type: Unconfined}}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {appArmorProfile: {type: RuntimeDefault}}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
package flinkgate.security.app_armor

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.appArmor
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
