# METADATA
# title: Image provenance annotations
# description: |
#   After an incident the first question is which commit ran. An object that runs an image of the organisation's own
#   names the repository and the commit that the image was built from, by the keys of the OCI image specification.
# custom:
#   id: user/image-provenance
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata:
#       name: payments-etl
#       namespace: payments-prod
#       annotations: {org.opencontainers.image.revision: main}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata:
#       name: payments-etl
#       namespace: payments-prod
#       annotations:
#         org.opencontainers.image.source: https://git.example.com/payments/etl
#         org.opencontainers.image.revision: 9fceb02d0ae598e95dc970b74767f19372d61af8
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.image_provenance

import rego.v1

# Adapt: the registries of images that the organisation builds.
registries := {"registry.example.com"}

# Adapt: the annotations, a regular expression for the value of each, and what to write.
required := {
	"org.opencontainers.image.source": {
		"pattern": `^https://git\.example\.com/[a-z0-9._/-]+$`,
		"help": "set it to the repository, such as `https://git.example.com/payments/etl`",
	},
	"org.opencontainers.image.revision": {
		"pattern": "^[0-9a-f]{40}$",
		"help": "set it to the commit's full hash, which `git rev-parse HEAD` prints",
	},
}

# Pods get their annotations from what makes them.
applies if {
	input.request.kind.kind != "Pod"
	some pod in input.flink.pods
	some container in pod.containers
	container.image.registry in registries
}

annotations := object.get(input.object, ["metadata", "annotations"], {})

message(key) := sprintf("annotation `%s` is missing", [key]) if not annotations[key]

message(key) := sprintf("annotation `%s` is `%s`", [key, annotations[key]]) if annotations[key]

deny contains finding if {
	applies
	some key, rule in required
	not regex.match(rule.pattern, object.get(annotations, key, ""))
	finding := {"msg": message(key), "path": ["metadata", "annotations", key], "help": rule.help}
}
