package library.expiry_test

import data.library.expiry
import rego.v1

now := time.parse_rfc3339_ns("2026-10-07T12:00:00Z")

cluster(namespace, annotations) := {
	"request": {"namespace": namespace},
	"object": {"metadata": {"annotations": annotations}},
	"flink": {"declaresCluster": true},
}

expires(day) := cluster("payments-dev", {"example.com/expires": day})

messages(found) := {finding.msg | some finding in found}

test_a_day_within_two_weeks_passes if {
	every day in ["2026-10-07", "2026-10-14", "2026-10-21"] {
		count(expiry.deny) == 0 with input as expires(day) with data.library.expiry.now_ns as now
	}
}

test_a_day_that_is_missing_is_denied_with_the_last_one if {
	found := expiry.deny with input as cluster("payments-dev", {}) with data.library.expiry.now_ns as now
	found == {{
		"msg": "annotation `example.com/expires` is missing",
		"path": ["metadata", "annotations", "example.com/expires"],
		"help": "set annotation `example.com/expires` to a day until `2026-10-21`, written as YYYY-MM-DD",
	}}
}

test_an_expired_cluster_is_denied if {
	found := expiry.deny with input as expires("2026-10-06") with data.library.expiry.now_ns as now
	messages(found) == {"the cluster expired on `2026-10-06`"}
}

test_a_day_far_ahead_is_denied if {
	found := expiry.deny with input as expires("2026-10-22") with data.library.expiry.now_ns as now
	messages(found) == {"`2026-10-22` is more than 14 days ahead"}
}

test_another_text_is_denied if {
	found := expiry.deny with input as expires("soon") with data.library.expiry.now_ns as now
	messages(found) == {"annotation `example.com/expires` is `soon`, which is not a day"}
}

test_other_namespaces_pass if {
	count(expiry.deny) == 0 with input as cluster("payments-prod", {}) with data.library.expiry.now_ns as now
}
