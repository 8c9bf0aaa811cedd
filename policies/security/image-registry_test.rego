package flinkgate.security.image_registry_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.image_registry as rule
import rego.v1

input_for(images, image) := fixture.workload({"security": {"images": images}}, [object.union(
	fixture.pod_set("taskManager", {}, {}),
	{"containers": [{"name": "a", "image": object.union({"path": ["spec", "image"]}, image)}]},
)])

test_an_image_from_elsewhere_is_refused if {
	found := rule.deny with input as input_for({"allow": ["registry.example.com/*"]}, {"text": "evil.io/flink", "allowed": false})
	{finding.msg | some finding in found} == {"container \"a\" must not run the image evil.io/flink"}
	fixture.places(found) == {"spec/image"}
}

test_no_image_means_flinks_own if {
	found := rule.deny with input as input_for({"allow": ["registry.example.com/*"]}, {"text": "", "allowed": false})
	count(found) == 1
}

test_an_allowed_image_may_run if {
	found := rule.deny with input as input_for({"allow": ["registry.example.com/*"]}, {"text": "registry.example.com/flink", "allowed": true})
	count(found) == 0
}
