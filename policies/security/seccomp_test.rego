package flinkgate.security.seccomp_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.seccomp as rule
import rego.v1

profile(type) := {"seccompProfile": {"type": type}}

test_unconfined_is_refused_wherever_it_stands if {
	spec := {"securityContext": profile("Unconfined"), "containers": [{"name": "a", "securityContext": profile("Unconfined")}]}
	found := rule.deny with input as fixture.pod("baseline", spec)
	fixture.places(found) == {"spec/securityContext/seccompProfile/type", "spec/containers/0/securityContext/seccompProfile/type"}
}

test_baseline_needs_no_profile_and_restricted_does if {
	spec := {"containers": [{"name": "a"}, {"name": "b", "securityContext": profile("Localhost")}]}
	baseline := rule.deny with input as fixture.pod("baseline", spec)
	count(baseline) == 0
	restricted := rule.deny with input as fixture.pod("restricted", spec)
	fixture.places(restricted) == {"spec/containers/0/securityContext/seccompProfile"}
	windows := rule.deny with input as fixture.pod("restricted", object.union(spec, {"os": {"name": "windows"}}))
	count(windows) == 0
}

test_the_pods_profile_holds_for_its_containers if {
	spec := {"securityContext": profile("RuntimeDefault"), "containers": [{"name": "a"}]}
	found := rule.deny with input as fixture.pod("restricted", spec)
	count(found) == 0
}
