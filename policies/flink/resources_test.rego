package flinkgate.flink.resources_test

import data.flinkgate.flink.resources as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

problem := {"msg": "it is wrong", "path": ["spec", "x"], "help": "write it right"}

input_for(operator) := object.union(fixture.workload({}, []), {"flink": {"operator": operator}})

test_its_own_problems_are_told if {
	found := rule.deny with input as input_for({"resources": [problem]})
	found == {problem}
}

test_the_problems_of_others_are_not if {
	found := rule.deny with input as input_for({"image": [problem]})
	count(found) == 0
}
