package flinkgate.scheduling.job_manager_anti_affinity_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.scheduling.job_manager_anti_affinity as rule
import rego.v1

input_for(strength, required, preferred) := fixture.workload(
	{"scheduling": {"antiAffinity": object.union({"topologyKey": "kubernetes.io/hostname"}, strength)}},
	[
		fixture.pod_set("jobManager", {}, {"antiAffinity": {"required": required, "preferred": preferred}}),
		fixture.pod_set("other", {}, {"antiAffinity": {"required": false, "preferred": false}}),
	],
)

test_required_wants_required if {
	found := rule.deny with input as input_for({"jobManager": "Required"}, false, true)
	fixture.places(found) == {"spec/affinity/podAntiAffinity"}
	good := rule.deny with input as input_for({"jobManager": "Required"}, true, false)
	count(good) == 0
}

test_preferred_takes_either if {
	found := rule.deny with input as input_for({"jobManager": "Preferred"}, false, false)
	count(found) == 1
	preferred := rule.deny with input as input_for({"jobManager": "Preferred"}, false, true)
	count(preferred) == 0
	required := rule.deny with input as input_for({"jobManager": "Preferred"}, true, false)
	count(required) == 0
}

test_a_tenant_that_asks_for_nothing_gets_no_finding if {
	found := rule.deny with input as input_for({}, false, false)
	count(found) == 0
}
