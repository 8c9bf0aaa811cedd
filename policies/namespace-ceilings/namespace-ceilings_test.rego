package library.namespace_ceilings_test

import data.library.namespace_ceilings
import rego.v1

cluster(namespace, total) := {
	"request": {"namespace": namespace},
	"flink": {
		"declaresCluster": true,
		"size": {"total": object.union({"cpu": 1, "memoryBytes": 1, "taskManagers": 1}, total)},
	},
}

gib := 1073741824

messages(found) := {finding.msg | some finding in found}

test_a_cluster_up_to_the_ceilings_passes if {
	total := {"cpu": 8, "memoryBytes": 32 * gib, "taskManagers": 4}
	count(namespace_ceilings.deny) == 0 with input as cluster("payments-dev", total)
}

test_each_ceiling_is_checked if {
	total := {"cpu": 8.5, "memoryBytes": 40 * gib, "taskManagers": 5}
	found := namespace_ceilings.deny with input as cluster("payments-dev", total)
	messages(found) == {
		"the cluster requests 8.5 `cpu`, more than 8 in namespaces of class `dev`",
		"the cluster requests 40Gi `memory`, more than 32Gi in namespaces of class `dev`",
		"the cluster requests 5 `taskManagers`, more than 4 in namespaces of class `dev`",
	}
}

test_a_class_has_its_own_ceilings if {
	count(namespace_ceilings.deny) == 0 with input as cluster("payments-prod", {"cpu": 100, "taskManagers": 50})
}

test_other_classes_have_none if {
	count(namespace_ceilings.deny) == 0 with input as cluster("sandbox", {"cpu": 1000})
}

test_pods_pass if {
	document := cluster("payments-dev", {"cpu": 100})
	count(namespace_ceilings.deny) == 0 with input as object.union(document, {"flink": {"declaresCluster": false}})
}
