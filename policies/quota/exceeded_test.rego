package flinkgate.quota.exceeded_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.quota.exceeded as rule
import rego.v1

excess(scope) := {"scope": scope, "resource": "cpu", "requested": "6", "used": "60", "hard": "64", "path": ["spec"]}

test_only_excesses_of_its_scope if {
	base := fixture.workload({}, [])
	found := rule.deny with input as object.union(base, {"quota": {"exceeded": [excess("tenant")]}})
	fixture.places(found) == {"spec"}
	other := rule.deny with input as object.union(base, {"quota": {"exceeded": [excess("elsewhere")]}})
	count(other) == 0
}

test_what_others_use_is_named_where_there_is_any if {
	base := fixture.workload({}, [])
	alone := object.union(excess("tenant"), {"used": "0"})
	shared := rule.deny with input as object.union(base, {"quota": {"exceeded": [excess("tenant")]}})
	{finding.msg | some finding in shared} == {"this asks for 6 cpu while 60 of the tenant's 64 are in use already"}
	whole := rule.deny with input as object.union(base, {"quota": {"exceeded": [alone]}})
	{finding.msg | some finding in whole} == {"this asks for 6 cpu while the tenant may use 64 in all"}
}
