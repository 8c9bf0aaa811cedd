package flinkgate.quota.undeclared_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.quota.undeclared as rule
import rego.v1

test_the_container_is_named_where_it_is_known if {
	base := fixture.workload({}, [])
	missing := [{"resource": "cpu", "container": "a", "path": ["spec", "containers", "0"]}, {"resource": "memory", "path": ["spec"]}]
	found := rule.deny with input as object.union(base, {"quota": {"undeclared": missing}})
	{finding.msg | some finding in found} == {
		"container \"a\" must declare its cpu, for the tenant's quota limits it",
		"the pod must declare its memory, for the tenant's quota limits it",
	}
}
