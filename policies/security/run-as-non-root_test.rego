package flinkgate.security.run_as_non_root_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.run_as_non_root as rule
import rego.v1

test_the_pods_word_holds_for_its_containers if {
	spec := {"securityContext": {"runAsNonRoot": true}, "containers": [{"name": "a"}], "initContainers": [{"name": "b"}]}
	found := rule.deny with input as fixture.pod("restricted", spec)
	count(found) == 0
}

test_nobodys_word_is_not_enough if {
	spec := {"containers": [{"name": "a"}, {"name": "b", "securityContext": {"runAsNonRoot": true}}]}
	found := rule.deny with input as fixture.pod("restricted", spec)
	fixture.places(found) == {"spec/containers/0/securityContext/runAsNonRoot"}
}

test_root_by_number_is_root if {
	spec := {"securityContext": {"runAsNonRoot": true}, "containers": [{"name": "a", "securityContext": {"runAsUser": 0}}]}
	found := rule.deny with input as fixture.pod("restricted", spec)
	fixture.places(found) == {"spec/containers/0/securityContext/runAsUser"}
	older := rule.deny with input as fixture.pod_at("restricted", 22, spec)
	count(older) == 0
}

test_root_in_a_user_namespace_is_fine if {
	spec := {"hostUsers": false, "containers": [{"name": "a", "securityContext": {"runAsUser": 0}}]}
	found := rule.deny with input as fixture.pod("restricted", spec)
	count(found) == 0
	older := rule.deny with input as fixture.pod_at("restricted", 34, spec)
	count(older) == 2
}

test_baseline_does_not_ask if {
	found := rule.deny with input as fixture.pod("baseline", {"containers": [{"name": "a"}]})
	count(found) == 0
}
