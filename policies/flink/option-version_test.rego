package flinkgate.flink.option_version_test

import data.flinkgate.flink.option_version as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

input_for(options) := object.union(base, {"flink": {"options": options}}) if base := fixture.workload({}, [])

place := ["spec", "flinkConfiguration", "x"]

unread(more) := object.union({"key": "x", "path": place, "version": "1.19", "since": null, "until": null, "instead": null}, more)

told(more) := {finding.msg | some finding in found} if {
	found := rule.warn with input as input_for({"unread": [unread(more)]})
}

test_a_key_of_a_later_flink_is_told_with_the_older_one if {
	told({"since": "1.20", "instead": "y"}) == {"Flink 1.19 does not read option x, which came with 1.20: write y"}
}

test_a_key_that_went_is_told if {
	told({"until": "1.17"}) == {"Flink 1.19 does not read option x: 1.17 was the last to do so"}
}

test_options_of_the_version_are_fine if {
	found := rule.warn with input as input_for({})
	count(found) == 0
}
