# METADATA
# title: Probes ask the pod itself
# description: |
#   A probe or lifecycle hook that names a host makes the kubelet ask there, from the node's own network, where the pod itself may
#   reach nothing. Level baseline forbids it from version 1.34 on.
# custom:
#   id: security/probe-host
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.probeHosts]
#   help: 'Remove host from httpGet and tcpSocket: the kubelet then asks the pod.'
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - name: tool
#           image: registry.example.com/tool:1.0
#           livenessProbe: {httpGet: {host: 169.254.169.254, path: /, port: 80}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - name: tool
#           image: registry.example.com/tool:1.0
#           livenessProbe: {httpGet: {path: /, port: 80}}
package flinkgate.security.probe_host

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.probeHosts
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
