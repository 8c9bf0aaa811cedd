# METADATA
# title: No Windows HostProcess containers
# description: |
#   A Windows HostProcess container runs on the node itself, as privileged containers do on Linux.
#   Holds for the pod's and every container's security context, at Pod Security level baseline and above.
# custom:
#   id: security/host-process
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.hostProcess]
#   help: Remove windowsOptions.hostProcess.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       securityContext: {windowsOptions: {hostProcess: true}}
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers: [{name: tool, image: "registry.example.com/tool:1.0"}]
package flinkgate.security.host_process

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.hostProcess
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
