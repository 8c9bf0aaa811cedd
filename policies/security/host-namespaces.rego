# METADATA
# title: No namespaces of the node
# description: |
#   With the node's network, processes or IPC a pod sees and reaches what belongs to others on that node.
#   The option kubernetes.hostnetwork.enabled does for Flink's pods what hostNetwork does for any pod.
# custom:
#   id: security/host-namespaces
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.hostNamespaces]
#   help: Remove hostNetwork, hostPID and hostIPC, and kubernetes.hostnetwork.enabled; publish Flink through a Service.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       hostNetwork: true
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
package flinkgate.security.host_namespaces

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.hostNamespaces
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
