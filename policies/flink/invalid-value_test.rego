package flinkgate.flink.invalid_value_test

import data.flinkgate.flink.invalid_value as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

input_for(options) := object.union(base, {"flink": {"options": options}}) if base := fixture.workload({}, [])

place := ["spec", "flinkConfiguration", "x"]

test_a_value_is_told_with_what_to_write if {
	found := rule.deny with input as input_for({"invalid": [{"key": "rest.port", "path": place, "problem": "`x` is no number"}]})
	found == {{"msg": "option rest.port: `x` is no number", "path": place}}
}

test_readable_values_are_fine if {
	found := rule.deny with input as input_for({})
	count(found) == 0
}
