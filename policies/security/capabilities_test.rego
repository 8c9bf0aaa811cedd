package flinkgate.security.capabilities_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.capabilities as rule
import rego.v1

container(capabilities) := {"containers": [{"name": "a", "securityContext": {"capabilities": capabilities}}]}

test_baseline_allows_the_runtimes_defaults if {
	found := rule.deny with input as fixture.pod("baseline", container({"add": ["CHOWN", "NET_ADMIN"]}))
	fixture.places(found) == {"spec/containers/0/securityContext/capabilities/add/1"}
}

test_restricted_wants_all_dropped if {
	found := rule.deny with input as fixture.pod("restricted", container({"add": ["CHOWN", "NET_BIND_SERVICE"]}))
	fixture.places(found) == {"spec/containers/0/securityContext/capabilities/add/0", "spec/containers/0/securityContext/capabilities/drop"}
	good := rule.deny with input as fixture.pod("restricted", container({"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}))
	count(good) == 0
}

test_windows_and_old_versions_know_only_baseline if {
	windows := rule.deny with input as fixture.pod("restricted", object.union(container({}), {"os": {"name": "windows"}}))
	count(windows) == 0
	older := rule.deny with input as fixture.pod_at("restricted", 21, container({"add": ["SYS_ADMIN"]}))
	count(older) == 1
}
