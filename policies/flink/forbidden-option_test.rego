package flinkgate.flink.forbidden_option_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.flink.forbidden_option as rule
import rego.v1

input_for(more) := object.union(base, {"flink": object.union(base.flink, more)}) if base := fixture.workload({}, [])

test_a_forbidden_option_is_named_with_its_pattern if {
	option := {"key": "env.java.opts.all", "pattern": "env.java.opts.*", "path": ["spec", "flinkConfiguration", "env.java.opts.all"]}
	found := rule.deny with input as input_for({"forbidden": [option]})
	found == {{"msg": "option env.java.opts.all is not allowed here: the tenant forbids env.java.opts.*", "path": option.path}}
}

test_no_forbidden_option_no_finding if {
	found := rule.deny with input as input_for({})
	count(found) == 0
}
