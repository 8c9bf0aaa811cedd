package flinkgate.security.image_tag_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.image_tag as rule
import rego.v1

input_for(images, image) := fixture.workload({"security": {"images": images}}, [object.union(
	fixture.pod_set("taskManager", {}, {}),
	{"containers": [{"name": "a", "image": object.union({"path": ["spec", "image"]}, image)}]},
)])

floating := {"text": "flink", "floating": true, "digest": null}

test_a_floating_image_is_refused_where_the_tenant_says_so if {
	found := rule.deny with input as input_for({"forbidLatestTag": true, "requireDigest": false}, floating)
	fixture.places(found) == {"spec/image"}
	allowed := rule.deny with input as input_for({"forbidLatestTag": false, "requireDigest": false}, floating)
	count(allowed) == 0
}

test_a_tag_is_no_digest if {
	tagged := {"text": "flink:1", "floating": false, "digest": null}
	found := rule.deny with input as input_for({"forbidLatestTag": true, "requireDigest": true}, tagged)
	count(found) == 1
	pinned := rule.deny with input as input_for({"requireDigest": true}, object.union(tagged, {"digest": "sha256:0"}))
	count(pinned) == 0
}
