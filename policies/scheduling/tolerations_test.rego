package flinkgate.scheduling.tolerations_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.scheduling.tolerations as rule
import rego.v1

input_for(own, tolerations) := fixture.workload(
	{"scheduling": {"tolerations": own}},
	[fixture.pod_set("other", {"tolerations": tolerations}, {})],
)

own := [{"key": "flink", "operator": "Exists"}, {"key": "spot", "value": "yes", "effect": "NoSchedule"}]

test_only_the_tenants_and_narrower_ones if {
	found := rule.deny with input as input_for(own, [
		{"key": "flink", "value": "batch", "effect": "NoSchedule"},
		{"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
		{"key": "spot", "value": "yes"},
		{"key": "spot", "operator": "Exists", "effect": "NoSchedule"},
		{"operator": "Exists"},
		{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
	])
	fixture.places(found) == {"spec/tolerations/2", "spec/tolerations/3", "spec/tolerations/4"}
}

test_an_empty_list_allows_none if {
	found := rule.deny with input as input_for([], [{"key": "flink", "operator": "Exists"}])
	count(found) == 1
}

test_options_count_too if {
	base := input_for(own, [])
	option := {"key": "kubernetes.taskmanager.tolerations", "path": ["x"], "toleration": {"key": "gpu", "operator": "Exists"}}
	found := rule.deny with input as object.union(base, {"flink": object.union(base.flink, {"tolerations": [option]})})
	fixture.places(found) == {"x"}
}
