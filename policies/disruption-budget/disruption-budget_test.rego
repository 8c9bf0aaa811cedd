package library.disruption_budget_test

import data.library.disruption_budget
import rego.v1

pod(role, labels) := {"role": role, "path": ["spec", role, "podTemplate"], "template": {"metadata": {"labels": labels}}}

cluster(namespace, labels) := {
	"request": {"kind": {"kind": "FlinkDeployment"}, "namespace": namespace},
	"flink": {"engine": "operator", "pods": [pod("jobManager", labels), pod("taskManager", labels)]},
}

budget(namespace, spec) := {
	"request": {"kind": {"kind": "PodDisruptionBudget"}, "namespace": namespace},
	"object": {"spec": spec},
	"flink": {"engine": "none", "pods": []},
}

test_labelled_pods_pass if {
	count(disruption_budget.deny) == 0 with input as cluster("payments-prod", {"example.com/disruption-budget": "flink"})
}

test_pods_without_the_label_are_denied_by_role if {
	found := disruption_budget.deny with input as cluster("payments-prod", {})
	{finding.path[1] | some finding in found} == {"jobManager", "taskManager"}
}

test_another_value_is_denied if {
	found := disruption_budget.deny with input as cluster("payments-prod", {"example.com/disruption-budget": "mine"})
	count(found) == 2
}

test_a_template_without_labels_is_denied if {
	document := cluster("payments-prod", {})
	bare := {"role": "other", "path": [], "template": {}}
	flink := {"engine": "standalone", "pods": [object.union(bare, {"role": "taskManager"}), bare]}
	found := disruption_budget.deny with input as object.union(document, {"flink": flink})
	count(found) == 1
}

test_other_namespaces_pass if {
	count(disruption_budget.deny) == 0 with input as cluster("payments-dev", {})
}

test_pods_that_exist_pass if {
	document := object.union(cluster("payments-prod", {}), {"request": {"kind": {"kind": "Pod"}}})
	count(disruption_budget.deny) == 0 with input as document
}

test_a_budget_that_lets_no_pod_go_is_denied if {
	every spec in [{"maxUnavailable": 0}, {"maxUnavailable": "0%"}, {"minAvailable": "100%"}] {
		found := disruption_budget.deny with input as budget("payments-prod", spec)
		count(found) == 1
	}
}

test_a_budget_that_lets_one_pod_go_passes if {
	every spec in [{"maxUnavailable": 1}, {"minAvailable": "80%"}, {"minAvailable": 2}] {
		count(disruption_budget.deny) == 0 with input as budget("payments-prod", spec)
	}
}
