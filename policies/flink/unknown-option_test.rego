package flinkgate.flink.unknown_option_test

import data.flinkgate.flink.unknown_option as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

input_for(options) := object.union(base, {"flink": {"options": options}}) if base := fixture.workload({}, [])

place := ["spec", "flinkConfiguration", "x"]

test_what_was_meant_is_told if {
	found := rule.warn with input as input_for({"unknown": [{"key": "x", "path": place, "suggestion": "y"}]})
	found == {{"msg": "Flink has no option x: did you mean y?", "path": place}}
}

test_an_option_like_no_other_is_told_without if {
	found := rule.warn with input as input_for({"unknown": [{"key": "x", "path": place, "suggestion": null}]})
	found == {{"msg": "Flink has no option x", "path": place}}
}

test_known_options_are_fine if {
	found := rule.warn with input as input_for({})
	count(found) == 0
}
