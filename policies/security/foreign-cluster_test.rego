package flinkgate.security.foreign_cluster_test

import rego.v1

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.foreign_cluster

of(pretends) := object.union(fixture.workload({}, []), {"flink": {"cluster": "etl", "pretends": pretends}})

test_labels_of_another_cluster_are_refused if {
	some finding in foreign_cluster.deny with input as of("billing")
	finding.msg == "the pod is made for cluster etl, but its labels name cluster billing"
}
