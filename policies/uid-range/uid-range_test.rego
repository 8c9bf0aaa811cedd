package library.uid_range_test

import data.library.uid_range
import rego.v1

document(tenant, pod_context, container_context) := {
	"tenant": {"name": tenant},
	"flink": {"pods": [{
		"path": ["spec", "podTemplate"],
		"template": {"spec": {"securityContext": pod_context}},
		"containers": [{
			"path": ["spec", "podTemplate", "spec", "containers", "0"],
			"spec": {"securityContext": container_context},
		}],
	}]},
}

messages(found) := {finding.msg | some finding in found}

test_ids_in_the_range_pass if {
	pod := {"runAsUser": 9000, "fsGroup": 9999}
	count(uid_range.deny) == 0 with input as document("payments", pod, {"runAsUser": 9500})
}

test_ids_outside_of_the_range_are_denied if {
	found := uid_range.deny with input as document("payments", {"runAsUser": 8999}, {"runAsGroup": 10000})
	messages(found) == {
		"`runAsUser` is 8999, outside of the range 9000 to 9999",
		"`runAsGroup` is 10000, outside of the range 9000 to 9999",
	}
}

test_supplemental_groups_are_ids_too if {
	found := uid_range.deny with input as document("payments", {"supplementalGroups": [9001, 5]}, {})
	{finding.path | some finding in found} == {["spec", "podTemplate", "spec", "securityContext", "supplementalGroups", 1]}
}

test_tenants_have_ranges_of_their_own if {
	count(uid_range.deny) == 0 with input as document("search", {"runAsUser": 8000}, {})
	found := uid_range.deny with input as document("payments", {"runAsUser": 8000}, {})
	count(found) == 1
}

test_other_tenants_have_the_default_range if {
	count(uid_range.deny) == 0 with input as document("fraud", {"runAsUser": 9999}, {})
	found := uid_range.deny with input as document("fraud", {"runAsUser": 9998}, {})
	count(found) == 1
}

test_ids_that_are_not_named_pass if {
	count(uid_range.deny) == 0 with input as document("payments", {}, {})
}
