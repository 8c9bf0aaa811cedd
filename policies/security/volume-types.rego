# METADATA
# title: Volumes of harmless types
# description: |
#   Pod Security level restricted allows volumes of the types configMap, csi, downwardAPI, emptyDir, ephemeral, image,
#   persistentVolumeClaim, projected and secret. All others name a storage system in the pod itself, often with what opens it, and
#   let the pod choose what an administrator chooses for a PersistentVolume. What hostPath volumes do is said by security/host-path.
# custom:
#   id: security/volume-types
#   level: error
#   since: 0.1.0
#   when: [flink.podSecurity.volumeTypes]
#   help: Have the storage as a PersistentVolume, and mount its claim.
#   tenant: |
#     security: {podSecurity: {level: restricted}}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       volumes: [{name: data, nfs: {server: nfs.example.com, path: /}}]
#       securityContext: {runAsNonRoot: true, runAsUser: 9999, seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
#       securityContext: {runAsNonRoot: true, runAsUser: 9999, seccompProfile: {type: RuntimeDefault}}
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
package flinkgate.security.volume_types

import rego.v1

deny contains finding if {
	some violation in input.flink.podSecurity.volumeTypes
	finding := {"msg": violation.message, "path": violation.path, "help": violation.help}
}
