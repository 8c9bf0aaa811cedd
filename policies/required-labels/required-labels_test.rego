package library.required_labels_test

import data.library.required_labels
import rego.v1

cluster(labels) := {
	"request": {"kind": {"kind": "FlinkDeployment"}},
	"object": {"metadata": {"labels": labels}},
	"flink": {"declaresCluster": true},
}

complete := {
	"app.kubernetes.io/part-of": "payments",
	"example.com/cost-center": "4711",
	"example.com/data-class": "internal",
}

helps(found) := {finding.help | some finding in found}

test_complete_labels_pass if {
	count(required_labels.deny) == 0 with input as cluster(complete)
}

test_each_missing_label_is_denied_with_what_it_may_hold if {
	found := required_labels.deny with input as cluster({})
	helps(found) == {
		"set it to any text",
		"set it to a value that matches `^[0-9]{4}$`",
		"set it to one of `public`, `internal`, `confidential`",
	}
}

test_other_values_are_denied if {
	labels := object.union(complete, {"example.com/cost-center": "47", "example.com/data-class": "secret"})
	found := required_labels.deny with input as cluster(labels)
	{finding.msg | some finding in found} == {
		"label `example.com/cost-center` is `47`",
		"label `example.com/data-class` is `secret`",
	}
}

test_pods_pass if {
	count(required_labels.deny) == 0 with input as object.union(cluster({}), {"flink": {"declaresCluster": false}})
}
