package flinkgate.storage.claim_in_use_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.storage.claim_in_use as rule
import rego.v1

conflict(rule_id) := {"rule": rule_id, "msg": "the object says otherwise", "path": ["spec", "x"], "help": "leave it out"}

input_for(conflicts) := object.union(fixture.workload({}, []), {"mutation": {"conflicts": conflicts}})

test_its_own_conflicts_become_findings if {
	found := rule.deny with input as input_for([conflict("storage/claim-in-use"), conflict("other/rule")])
	found == {{"msg": "the object says otherwise", "path": ["spec", "x"], "help": "leave it out"}}
}
