package flinkgate.tenancy.ambiguous_namespace_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.tenancy.ambiguous_namespace as rule
import rego.v1

claimed_by(claimants) := object.union(fixture.workload({}, []), {"tenancy": {"claimants": claimants}})

test_two_claimants_are_named if {
	denied := rule.deny with input as claimed_by(["payments", "search"])
	{finding.msg | some finding in denied} == {"namespace payments-prod is claimed by more than one tenant: payments, search"}
}

test_a_namespace_of_one_tenant_or_none_is_fine if {
	denied := rule.deny with input as claimed_by([])
	count(denied) == 0
}
