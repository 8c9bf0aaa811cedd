# METADATA
# title: No SELinux label of one's own
# description: |
#   SELinux keeps containers apart by the labels that the runtime gives them. Level baseline allows the types that are meant for
#   containers (container_t, container_init_t, container_kvm_t and, from version 1.31 on, container_engine_t), and no user and no role.
# custom:
#   id: security/selinux
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.seLinux]
#   help: Remove seLinuxOptions.user and role, and types other than container_t.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {seLinuxOptions: {type: spc_t}}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {seLinuxOptions: {type: container_t, level: "s0:c123,c456"}}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
package flinkgate.security.selinux

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.seLinux
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
