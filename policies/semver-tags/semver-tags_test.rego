package library.semver_tags_test

import data.library.semver_tags
import rego.v1

pods(image) := {"flink": {"pods": [{"containers": [{"name": "flink-main-container", "image": image}]}]}}

tagged(tag) := {
	"text": concat(":", ["registry.example.com/flink/etl", tag]),
	"path": ["spec", "image"],
	"registry": "registry.example.com",
	"repository": "flink/etl",
	"tag": tag,
	"digest": null,
}

untagged(digest) := object.union(tagged("x"), {"text": "registry.example.com/flink/etl", "tag": null, "digest": digest})

test_versions_pass if {
	every tag in ["1.4.2", "v1.4.2", "2.0.0-rc.1"] {
		count(semver_tags.deny) == 0 with input as pods(tagged(tag))
	}
}

test_other_tags_are_denied if {
	every tag in ["latest", "main-117", "1.4", "2024-11-02"] {
		found := semver_tags.deny with input as pods(tagged(tag))
		[finding.path | some finding in found] == [["spec", "image"]]
	}
}

test_an_image_without_a_tag_needs_a_digest if {
	found := semver_tags.deny with input as pods(untagged(null))
	{finding.msg | some finding in found} == {"image `registry.example.com/flink/etl` has no tag"}
	count(semver_tags.deny) == 0 with input as pods(untagged("sha256:0"))
}

test_a_digest_alone_may_be_refused if {
	found := semver_tags.deny with input as pods(untagged("sha256:0")) with data.library.semver_tags.accept_digest as false
	count(found) == 1
}

test_other_registries_pass if {
	count(semver_tags.deny) == 0 with input as pods(object.union(tagged("latest"), {"registry": "docker.io"}))
}
