package flinkgate.storage.checkpoint_dir_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.storage.checkpoint_dir as rule
import rego.v1

directory(more) := object.union({
	"purpose": "checkpoints", "key": "execution.checkpointing.dir", "path": ["spec", "flinkConfiguration", "execution.checkpointing.dir"],
	"uri": "s3://b/c", "scheme": "s3", "problem": null, "readInstead": null, "allowed": true, "ephemeral": [],
}, more)

input_for(tenant, more, directories) := object.union(base, {"flink": object.union(object.union(base.flink, more), {"state": state})}) if {
	base := fixture.workload(tenant, [])
	state := object.union(base.flink.state, {"directories": directories, "places": ["s3://own/"]})
}

test_a_job_that_keeps_state_needs_a_directory if {
	some mode in ["savepoint", "last-state"]
	found := rule.deny with input as input_for({}, {"upgradeMode": mode}, [])
	fixture.places(found) == {"spec/flinkConfiguration/execution.checkpointing.dir"}
	good := rule.deny with input as input_for({}, {"upgradeMode": mode}, [directory({})])
	count(good) == 0
}

test_the_cluster_of_a_session_job_may_name_it if {
	found := rule.deny with input as input_for({}, {"upgradeMode": "savepoint", "declaresCluster": false}, [])
	count(found) == 0
}

test_a_stateless_job_needs_none_unless_the_tenant_says_where if {
	stateless := rule.deny with input as input_for({}, {}, [])
	count(stateless) == 0
	asked := rule.deny with input as input_for({"storage": {"checkpoints": {"locations": ["s3://own/"]}}}, {}, [])
	count(asked) == 1
}

test_an_ignored_option_is_none if {
	found := rule.deny with input as input_for({}, {}, [directory({"readInstead": "state.checkpoints.dir"})])
	{finding.msg | some finding in found} == {"this Flink version ignores execution.checkpointing.dir: set state.checkpoints.dir"}
}

test_a_directory_of_somebody_else_is_refused if {
	found := rule.deny with input as input_for({}, {}, [directory({"allowed": false})])
	{finding.msg | some finding in found} == {"the directory \"s3://b/c\" of execution.checkpointing.dir must lie in s3://own/"}
}
