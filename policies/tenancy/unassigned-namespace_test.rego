package flinkgate.tenancy.unassigned_namespace_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.tenancy.unassigned_namespace as rule
import rego.v1

input_for(tenant, engine, unassigned) := object.union(base, {
	"tenant": tenant, "flink": object.union(base.flink, {"engine": engine}), "tenancy": {"unassigned": unassigned},
}) if base := fixture.workload({}, [])

test_deny_denies_and_warn_warns if {
	denied := rule.deny with input as input_for(null, "operator", "deny")
	{finding.msg | some finding in denied} == {"namespace \"payments-prod\" belongs to no FlinkTenant"}
	warned := rule.warn with input as input_for(null, "native", "warn")
	count(warned) == 1
	not_denied := rule.deny with input as input_for(null, "native", "warn")
	count(not_denied) == 0
}

test_a_tenants_flink_and_what_is_no_flink_are_fine if {
	owned := rule.deny with input as input_for({"name": "payments"}, "operator", "deny")
	count(owned) == 0
	plain := rule.deny with input as input_for(null, "none", "deny")
	count(plain) == 0
	allowed := rule.warn with input as input_for(null, "operator", "allow")
	count(allowed) == 0
}
