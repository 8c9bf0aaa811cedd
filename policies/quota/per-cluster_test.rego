package flinkgate.quota.per_cluster_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.quota.per_cluster as rule
import rego.v1

excess(scope) := {"scope": scope, "resource": "cpu", "requested": "6", "used": "60", "hard": "64", "path": ["spec"]}

test_only_excesses_of_its_scope if {
	base := fixture.workload({}, [])
	found := rule.deny with input as object.union(base, {"quota": {"exceeded": [excess("cluster")]}})
	fixture.places(found) == {"spec"}
	other := rule.deny with input as object.union(base, {"quota": {"exceeded": [excess("elsewhere")]}})
	count(other) == 0
}
