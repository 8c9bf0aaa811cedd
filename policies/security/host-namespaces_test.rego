package flinkgate.security.host_namespaces_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.host_namespaces as rule
import rego.v1

test_each_namespace_of_the_node_is_named if {
	found := rule.deny with input as fixture.pod("baseline", {"hostNetwork": true, "hostPID": true, "hostIPC": false})
	fixture.places(found) == {"spec/hostNetwork", "spec/hostPID"}
}

test_the_option_counts_too if {
	base := fixture.workload({"security": {"podSecurity": {"level": "baseline", "minor": 999}}}, [])
	options := [{"op": "add", "path": "/flink/config", "value": {"kubernetes.hostnetwork.enabled": "True"}}]
	flink := object.union(base.flink, {"config": options[0].value})
	found := rule.deny with input as object.union(base, {"flink": flink})
	fixture.places(found) == {"spec/flinkConfiguration/kubernetes.hostnetwork.enabled"}
}

test_a_privileged_tenant_may if {
	found := rule.deny with input as fixture.pod("privileged", {"hostNetwork": true})
	count(found) == 0
}
