package library.change_freeze_test

import data.library.change_freeze
import rego.v1

cluster(namespace, annotations) := {
	"request": {"kind": {"kind": "FlinkDeployment"}, "namespace": namespace},
	"object": {"metadata": {"annotations": annotations}},
	"flink": {"declaresCluster": true},
}

messages(found) := {finding.msg | some finding in found}

at(moment) := time.parse_rfc3339_ns(moment)

thursday := at("2026-12-24T12:00:00Z")

saturday := at("2026-10-03T12:00:00Z")

wednesday := at("2026-10-07T12:00:00Z")

test_a_change_in_a_freeze_is_denied if {
	found := change_freeze.deny with input as cluster("payments-prod", {})
		with data.library.change_freeze.now_ns as thursday
	messages(found) == {"namespace `payments-prod` is frozen: closing of the year"}
}

test_a_change_on_a_weekend_is_denied if {
	found := change_freeze.deny with input as cluster("payments-prod", {})
		with data.library.change_freeze.now_ns as saturday
	messages(found) == {"namespace `payments-prod` is frozen: weekend"}
}

test_a_freeze_has_a_first_and_a_last_moment if {
	count(change_freeze.reasons) == 0 with data.library.change_freeze.now_ns as at("2026-12-18T15:59:59Z")
	count(change_freeze.reasons) == 1 with data.library.change_freeze.now_ns as at("2026-12-18T16:00:00Z")
	count(change_freeze.reasons) == 1 with data.library.change_freeze.now_ns as at("2027-01-04T05:59:59Z")
	count(change_freeze.reasons) == 0 with data.library.change_freeze.now_ns as at("2027-01-04T06:00:00Z")
}

test_a_change_at_another_time_passes if {
	count(change_freeze.deny) == 0 with input as cluster("payments-prod", {})
		with data.library.change_freeze.now_ns as wednesday
}

test_a_change_ticket_passes if {
	count(change_freeze.deny) == 0 with input as cluster("payments-prod", {"example.com/change": "CHG-20417"})
		with data.library.change_freeze.now_ns as thursday
}

test_another_text_is_no_ticket if {
	found := change_freeze.deny with input as cluster("payments-prod", {"example.com/change": "urgent"})
		with data.library.change_freeze.now_ns as thursday
	count(found) == 1
}

test_other_namespaces_and_pods_pass if {
	count(change_freeze.deny) == 0 with input as cluster("payments-dev", {})
		with data.library.change_freeze.now_ns as thursday
	pod := {"request": {"kind": {"kind": "Pod"}}, "flink": {"declaresCluster": false}}
	count(change_freeze.deny) == 0 with input as object.union(cluster("payments-prod", {}), pod)
		with data.library.change_freeze.now_ns as thursday
}
