package library.rack_spread_test

import data.library.rack_spread
import rego.v1

cluster(replicas, constraints) := {
	"request": {"kind": {"kind": "FlinkDeployment"}},
	"flink": {"pods": [{
		"role": "taskManager",
		"replicas": replicas,
		"path": ["spec", "taskManager", "podTemplate"],
		"template": {"spec": {"topologySpreadConstraints": constraints}},
	}]},
}

constraint := {
	"topologyKey": "topology.example.com/rack",
	"maxSkew": 1,
	"whenUnsatisfiable": "ScheduleAnyway",
	"labelSelector": {"matchLabels": {"app": "etl"}},
}

test_pods_that_are_spread_pass if {
	count(rack_spread.deny) == 0 with input as cluster(6, [constraint])
}

test_pods_without_a_constraint_are_denied if {
	found := rack_spread.deny with input as cluster(3, [])
	{finding.msg | some finding in found} == {"3 pods of role `taskManager` are not spread over racks"}
}

test_a_template_without_a_spec_is_denied if {
	document := cluster(3, [])
	pods := [object.union(document.flink.pods[0], {"template": null})]
	found := rack_spread.deny with input as object.union(document, {"flink": {"pods": pods}})
	count(found) == 1
}

test_a_few_pods_pass if {
	count(rack_spread.deny) == 0 with input as cluster(2, [])
}

test_other_constraints_do_not_count if {
	every change in [{"topologyKey": "topology.kubernetes.io/zone"}, {"maxSkew": 5}, {"labelSelector": false}] {
		found := rack_spread.deny with input as cluster(3, [object.union(constraint, change)])
		count(found) == 1
	}
}

test_pods_that_exist_pass if {
	document := object.union(cluster(6, []), {"request": {"kind": {"kind": "Pod"}}})
	count(rack_spread.deny) == 0 with input as document
}
