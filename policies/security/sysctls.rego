# METADATA
# title: Safe kernel parameters only
# description: |
#   Most kernel parameters hold for the whole node. Level baseline allows those that touch nobody but the pod; which these are has
#   grown with the versions of the standard. Buffers of a node's network are set on the node.
# custom:
#   id: security/sysctls
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.sysctls]
#   help: Remove the sysctl, or have the node set it.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {sysctls: [{name: kernel.msgmax, value: "65536"}]}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {sysctls: [{name: net.ipv4.ip_local_port_range, value: "1024 65535"}]}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
package flinkgate.security.sysctls

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.sysctls
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
