package library.end_of_life_test

import data.library.end_of_life
import rego.v1

cluster(version) := {"flink": {"version": version, "configPath": ["spec", "flinkConfiguration"]}}

at(moment) := time.parse_rfc3339_ns(moment)

messages(found) := {finding.msg | some finding in found}

test_a_version_is_denied_from_its_day_on if {
	found := end_of_life.deny with input as cluster("v1_19")
		with data.library.end_of_life.now_ns as at("2026-03-01T00:00:00Z")
	messages(found) == {"Flink version `v1_19` is refused since 2026-03-01: it has reached its end of life"}
}

test_a_warning_comes_before if {
	found := end_of_life.warn with input as cluster("v1_19")
		with data.library.end_of_life.now_ns as at("2026-02-19T12:00:00Z")
	messages(found) == {"Flink version `v1_19` is refused from 2026-03-01 on, in 10 days"}
	count(end_of_life.deny) == 0 with input as cluster("v1_19")
		with data.library.end_of_life.now_ns as at("2026-02-19T12:00:00Z")
}

test_the_warning_begins_with_the_notice if {
	count(end_of_life.warn) == 0 with input as cluster("v1_19")
		with data.library.end_of_life.now_ns as at("2025-11-30T12:00:00Z")
	count(end_of_life.warn) == 1 with input as cluster("v1_19")
		with data.library.end_of_life.now_ns as at("2025-12-02T12:00:00Z")
}

test_other_versions_pass if {
	every version in ["v2_1", "v9_9", null] {
		count(end_of_life.deny) == 0 with input as cluster(version)
			with data.library.end_of_life.now_ns as at("2027-01-01T00:00:00Z")
		count(end_of_life.warn) == 0 with input as cluster(version)
			with data.library.end_of_life.now_ns as at("2027-01-01T00:00:00Z")
	}
}

test_the_path_is_the_versions_field if {
	found := end_of_life.deny with input as cluster("v1_15")
		with data.library.end_of_life.now_ns as at("2026-03-01T00:00:00Z")
	{finding.path | some finding in found} == {["spec", "flinkVersion"]}
}
