package flinkgate.flink.size_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.flink.size as rule
import rego.v1

input_for(more) := object.union(base, {"flink": object.union(base.flink, more)}) if base := fixture.workload({}, [])

test_each_problem_becomes_a_finding if {
	found := rule.deny with input as input_for({"size": {"problems": [{"message": "no size", "path": ["spec", "jobManager"]}]}})
	found == {{"msg": "no size", "path": ["spec", "jobManager"]}}
}
