# METADATA
# title: No namespaces of the node
# description: |
#   With the node's network, processes or IPC a pod sees and reaches what belongs to others on that node.
#   The option kubernetes.hostnetwork.enabled does for Flink's pods what hostNetwork does for any pod.
# custom:
#   id: security/host-namespaces
#   level: error
#   since: 0.1.0
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

import data.flinkgate.lib.pods
import rego.v1

deny contains finding if {
	pods.judged
	some pod in input.flink.pods
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pod.template.spec[field] == true
	finding := {
		"msg": sprintf("pods of role %s must not set %s", [pod.role, field]),
		"path": array.concat(pod.path, ["spec", field]),
		"help": sprintf("remove %s: true", [field]),
	}
}

deny contains finding if {
	pods.judged
	lower(input.flink.config["kubernetes.hostnetwork.enabled"]) == "true"
	finding := {
		"msg": "option kubernetes.hostnetwork.enabled must not put Flink's pods on the node's network",
		"path": array.concat(input.flink.configPath, ["kubernetes.hostnetwork.enabled"]),
		"help": "remove the option",
	}
}
