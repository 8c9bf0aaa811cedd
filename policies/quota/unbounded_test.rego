package flinkgate.quota.unbounded_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.quota.unbounded as rule
import rego.v1

growth := {"message": "it grows", "path": ["spec", "flinkConfiguration", "x"], "help": "Set x."}

told(quota, growths) := {finding.msg | some finding in found} if {
	base := object.union(fixture.workload({"quota": quota}, []), {"flink": {"size": {"unbounded": growths}}})
	found := rule.warn with input as base
}

test_growth_is_told_where_size_is_limited if {
	told({"hard": {}, "perCluster": {"taskSlots": 4}}, [growth]) == {"it grows"}
	told({"hard": {"cpu": "4"}, "perCluster": {}}, [growth]) == {"it grows"}
}

test_other_limits_are_no_reason_to_tell if {
	told({"hard": {"clusters": 4, "jobs": 3}, "perCluster": {}}, [growth]) == set()
}

test_what_is_bounded_is_fine if {
	told({"hard": {"cpu": "4"}}, []) == set()
}
