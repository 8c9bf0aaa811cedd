# METADATA
# title: Semantic version tags
# description: |
#   A tag such as `main` or `build-117` says nothing about what a change of it means. Images of the organisation's own
#   registry are tagged with semantic versions, so that a diff shows whether an upgrade is a fix or a break.
# custom:
#   id: user/semver-tags
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:main-117
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.semver_tags

import rego.v1

# Adapt: the registries whose images are tagged with semantic versions. Others, such as Docker Hub, have tags of
# their own.
registries := {"registry.example.com"}

# Adapt: whether an image that is named by its digest alone passes.
accept_digest := true

# A leading `v` is customary.
is_version(tag) if semver.is_valid(trim_prefix(tag, "v"))

images contains image if {
	some pod in input.flink.pods
	some container in pod.containers
	image := container.image
	image.registry in registries
}

deny contains finding if {
	some image in images
	is_string(image.tag)
	not is_version(image.tag)
	finding := {
		"msg": sprintf("tag `%s` of image `%s` is not a semantic version", [image.tag, image.text]),
		"path": image.path,
		"help": "use a tag such as `1.4.2` or `2.0.0-rc.1`",
	}
}

deny contains finding if {
	some image in images
	is_null(image.tag)
	not pinned(image)
	finding := {
		"msg": sprintf("image `%s` has no tag", [image.text]),
		"path": image.path,
		"help": "use a tag such as `1.4.2` or `2.0.0-rc.1`",
	}
}

pinned(image) if {
	accept_digest
	is_string(image.digest)
}
