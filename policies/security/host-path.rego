# METADATA
# title: No volumes from the node's file system
# description: |
#   A hostPath volume reads and writes the node's own files, those of other pods among them, and what Flink writes there
#   is lost to it when it moves to another node.
# custom:
#   id: security/host-path
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.hostPath]
#   help: Use a PersistentVolumeClaim for state, an emptyDir for scratch files.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       volumes: [{name: data, hostPath: {path: /data}}]
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       volumes: [{name: data, emptyDir: {}}]
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.security.host_path

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.hostPath
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
