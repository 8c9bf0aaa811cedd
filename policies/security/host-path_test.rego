package flinkgate.security.host_path_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.host_path as rule
import rego.v1

spec := {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/x"}}, {"name": "c", "hostPath": {}}]}

test_a_host_path_is_refused_at_its_place if {
	found := rule.deny with input as fixture.pod("baseline", spec)
	fixture.places(found) == {"spec/volumes/1/hostPath", "spec/volumes/2/hostPath"}
}

test_a_privileged_tenant_may if {
	found := rule.deny with input as fixture.pod("privileged", spec)
	count(found) == 0
}
