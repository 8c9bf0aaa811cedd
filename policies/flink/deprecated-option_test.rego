package flinkgate.flink.deprecated_option_test

import data.flinkgate.flink.deprecated_option as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

input_for(options) := object.union(base, {"flink": {"options": options}}) if base := fixture.workload({}, [])

place := ["spec", "flinkConfiguration", "x"]

test_the_successor_is_told if {
	found := rule.info with input as input_for({"deprecated": [{"key": "x", "path": place, "successor": "y"}]})
	found == {{"msg": "option x is deprecated: its name is now y", "path": place}}
}

test_an_option_without_a_successor_is_told if {
	found := rule.info with input as input_for({"deprecated": [{"key": "x", "path": place, "successor": null}]})
	found == {{"msg": "option x is deprecated and has no successor", "path": place}}
}

test_present_names_are_fine if {
	found := rule.info with input as input_for({})
	count(found) == 0
}
