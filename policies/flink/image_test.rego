package flinkgate.flink.image_test

import data.flinkgate.flink.image as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

problem := {"msg": "it is wrong", "path": ["spec", "x"], "help": "write it right"}

input_for(operator) := object.union(fixture.workload({}, []), {"flink": {"operator": operator}})

test_its_own_problems_are_told if {
	found := rule.warn with input as input_for({"image": [problem]})
	found == {problem}
}

test_the_problems_of_others_are_not if {
	found := rule.warn with input as input_for({"name": [problem]})
	count(found) == 0
}
