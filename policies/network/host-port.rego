# METADATA
# title: No ports of the node
# description: |
#   A hostPort takes a port of the node: others' pods cannot have it, no network policy guards it, and two pods of one
#   cluster cannot stand on one node. Pod Security level baseline forbids it; at level privileged a tenant may name the ports.
# custom:
#   id: network/host-port
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.hostPorts]
#   help: Remove hostPort; a Service makes a port reachable.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", ports: [{containerPort: 8081, hostPort: 8081}]}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", ports: [{containerPort: 8081}]}
package flinkgate.network.host_port

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.hostPorts
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
