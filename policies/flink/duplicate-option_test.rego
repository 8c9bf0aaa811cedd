package flinkgate.flink.duplicate_option_test

import data.flinkgate.flink.duplicate_option as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

input_for(more) := object.union(base, {"flink": object.union(base.flink, more)}) if base := fixture.workload({}, [])

test_the_lost_value_is_pointed_at_and_the_other_named if {
	lost := ["spec", "flinkConfiguration", "state", "backend.type"]
	duplicate := {"key": "state.backend.type", "value": "rocksdb", "path": lost, "counts": ["spec", "flinkConfiguration", "state.backend.type"]}
	found := rule.warn with input as input_for({"duplicates": [duplicate]})
	found == {{"msg": "option state.backend.type is written twice: this value is lost, Flink sees \"rocksdb\"", "path": lost}}
}

test_options_written_once_are_fine if {
	found := rule.warn with input as input_for({"duplicates": []})
	count(found) == 0
}
