package library.parallelism_test

import data.library.parallelism
import rego.v1

job(labels, parallelism, config) := {
	"object": {"metadata": {"labels": labels}, "spec": {"job": {"parallelism": parallelism}}},
	"flink": {"configPath": ["spec", "flinkConfiguration"], "config": config},
}

class(name) := {"example.com/class": name}

test_a_parallelism_up_to_the_ceiling_passes if {
	count(parallelism.deny) == 0 with input as job({}, 8, {})
	count(parallelism.deny) == 0 with input as job(class("medium"), 32, {})
	count(parallelism.deny) == 0 with input as job(class("large"), 128, {})
}

test_a_higher_parallelism_is_denied_with_the_class_that_fits if {
	found := parallelism.deny with input as job({}, 9, {})
	found == {{
		"msg": "parallelism 9 is more than 8, the ceiling of class `small`",
		"path": ["spec", "job", "parallelism"],
		"help": "lower it to 8, or set label `example.com/class: medium`",
	}}
}

test_the_help_for_a_class_above_all_names_none if {
	found := parallelism.deny with input as job(class("large"), 129, {})
	{finding.help | some finding in found} == {"lower it to 128"}
}

test_an_unknown_class_is_denied if {
	found := parallelism.deny with input as job(class("huge"), 1, {})
	{finding.msg | some finding in found} == {"unknown class `huge`"}
}

test_the_option_counts_where_the_field_is_missing if {
	config := {"parallelism.default": "64"}
	found := parallelism.deny with input as job({}, null, config)
	{finding.path | some finding in found} == {["spec", "flinkConfiguration", "parallelism.default"]}
	count(parallelism.deny) == 0 with input as job({}, 4, config)
}
