package flinkgate.security.allow_privilege_escalation_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.allow_privilege_escalation as rule
import rego.v1

spec := {
	"containers": [{"name": "a"}, {"name": "b", "securityContext": {"allowPrivilegeEscalation": true}}],
	"initContainers": [{"name": "c", "securityContext": {"allowPrivilegeEscalation": false}}],
}

test_every_container_must_say_no if {
	found := rule.deny with input as fixture.pod("restricted", spec)
	fixture.places(found) == {
		"spec/containers/0/securityContext/allowPrivilegeEscalation",
		"spec/containers/1/securityContext/allowPrivilegeEscalation",
	}
}

test_windows_and_baseline_do_not_ask if {
	windows := rule.deny with input as fixture.pod("restricted", object.union(spec, {"os": {"name": "windows"}}))
	count(windows) == 0
	older := rule.deny with input as fixture.pod_at("restricted", 24, object.union(spec, {"os": {"name": "windows"}}))
	count(older) == 2
	baseline := rule.deny with input as fixture.pod("baseline", spec)
	count(baseline) == 0
}
