package flinkgate.security.host_path_test

import data.flinkgate.security.host_path as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

test_a_violation_is_told_at_its_place_with_what_to_write_instead if {
	found := rule.deny with input as fixture.violating("hostPath")
	found == {fixture.violation_told}
}

test_nothing_is_said_where_nothing_is_violated if {
	found := rule.deny with input as fixture.workload({}, [])
	count(found) == 0
}
