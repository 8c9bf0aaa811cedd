package flinkgate.scheduling.priority_class_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.scheduling.priority_class as rule
import rego.v1

test_every_problem_becomes_a_finding if {
	problems := [fixture.problem("spec/a"), fixture.problem("spec/b")]
	found := rule.deny with input as fixture.with_problems({"priorityClasses": problems})
	found == {problem | some problem in problems}
}

test_other_problems_are_told_by_other_rules if {
	found := rule.deny with input as fixture.with_problems({"others": [fixture.problem("spec/a")]})
	count(found) == 0
}
