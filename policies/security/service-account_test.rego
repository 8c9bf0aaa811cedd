package flinkgate.security.service_account_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.service_account as rule
import rego.v1

input_for(accounts, name) := fixture.workload(
	{"security": accounts},
	[fixture.pod_set("jobManager", {}, {"serviceAccount": {"name": name, "path": ["spec", "serviceAccount"]}})],
)

test_another_account_is_refused if {
	found := rule.deny with input as input_for({"serviceAccounts": ["flink"]}, "default")
	fixture.places(found) == {"spec/serviceAccount"}
}

test_the_tenants_account_is_fine_and_so_is_any_without_a_list if {
	own := rule.deny with input as input_for({"serviceAccounts": ["flink"]}, "flink")
	count(own) == 0
	any_account := rule.deny with input as input_for({}, "default")
	count(any_account) == 0
}
