package flinkgate.flink.memory_test

import data.flinkgate.flink.memory as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

input_for(problems) := object.union(base, {"flink": {"memory": {"problems": problems}}}) if base := fixture.workload({}, [])

problem(level) := {"message": "too small", "path": ["spec", "taskManager"], "help": "More.", "level": level}

finding := {"msg": "too small", "path": ["spec", "taskManager"], "help": "More."}

test_what_flink_refuses_is_refused if {
	found := rule.deny with input as input_for([problem(null)])
	found == {finding}
	warned := rule.warn with input as input_for([problem(null)])
	count(warned) == 0
}

test_what_flink_warns_of_is_a_warning if {
	found := rule.deny with input as input_for([problem("warning")])
	count(found) == 0
	warned := rule.warn with input as input_for([problem("warning")])
	warned == {finding}
}

test_memory_that_fits_is_fine if {
	found := rule.deny with input as input_for([])
	count(found) == 0
}
