package flinkgate.storage.claim_size_test

import data.flinkgate.storage.claim_size as rule
import data.flinkgate.lib.fixture_test as fixture
import rego.v1

test_every_problem_becomes_a_finding if {
	problems := [fixture.problem("spec/a"), fixture.problem("spec/b")]
	found := rule.deny with input as fixture.with_problems({"claimSize": problems})
	found == {problem | some problem in problems}
}

test_other_problems_are_told_by_other_rules if {
	found := rule.deny with input as fixture.with_problems({"others": [fixture.problem("spec/a")]})
	count(found) == 0
}
