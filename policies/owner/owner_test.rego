package library.owner_test

import data.library.owner
import rego.v1

cluster(annotations) := {
	"request": {"kind": {"kind": "FlinkDeployment"}},
	"object": {"metadata": {"annotations": annotations}},
	"flink": {"declaresCluster": true},
}

complete := {"example.com/owner": "payments@example.com", "example.com/on-call": "https://pager.example.com/payments"}

keys(found) := {finding.path[2] | some finding in found}

test_both_annotations_pass if {
	count(owner.deny) == 0 with input as cluster(complete)
}

test_missing_annotations_are_denied if {
	found := owner.deny with input as cluster({})
	keys(found) == {"example.com/owner", "example.com/on-call"}
}

test_an_object_without_annotations_is_denied if {
	document := object.union(cluster({}), {"object": {"metadata": {"name": "etl"}}})
	found := owner.deny with input as object.remove(document, ["nothing"])
	count(found) == 2
}

test_a_value_of_another_form_is_denied if {
	found := owner.deny with input as cluster(object.union(complete, {"example.com/owner": "Alice"}))
	keys(found) == {"example.com/owner"}
}

test_session_jobs_are_included if {
	document := {
		"request": {"kind": {"kind": "FlinkSessionJob"}},
		"object": {"metadata": {"name": "report"}},
		"flink": {"declaresCluster": false},
	}
	found := owner.deny with input as document
	count(found) == 2
}

test_pods_pass if {
	document := object.union(cluster({}), {"request": {"kind": {"kind": "Pod"}}, "flink": {"declaresCluster": false}})
	count(owner.deny) == 0 with input as document
}
