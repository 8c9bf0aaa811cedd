package flinkgate.storage.ephemeral_state_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.storage.ephemeral_state as rule
import rego.v1

directory(more) := object.union({
	"purpose": "checkpoints", "key": "execution.checkpointing.dir", "path": ["spec", "flinkConfiguration", "execution.checkpointing.dir"],
	"uri": "s3://b/c", "scheme": "s3", "problem": null, "readInstead": null, "allowed": true, "ephemeral": [],
}, more)

input_for(tenant, more, directories) := object.union(base, {"flink": object.union(object.union(base.flink, more), {"state": state})}) if {
	base := fixture.workload(tenant, [])
	state := object.union(base.flink.state, {"directories": directories, "places": ["s3://own/"]})
}

test_what_goes_with_the_pod_is_no_place_for_state if {
	mounts := [{"role": "jobManager", "kind": "none", "volume": null}, {"role": "taskManager", "kind": "emptyDir", "volume": "tmp"}]
	found := rule.deny with input as input_for({}, {}, [directory({"uri": "file:///x", "ephemeral": mounts})])
	{finding.msg | some finding in found} == {concat("", [
		"the directory \"file:///x\" of execution.checkpointing.dir does not outlive its pods: ",
		"it is on the container's own file system and the emptyDir volume \"tmp\"",
	])}
}

test_durable_state_is_fine if {
	found := rule.deny with input as input_for({}, {}, [directory({})])
	count(found) == 0
}
