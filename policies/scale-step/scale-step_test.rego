package library.scale_step_test

import data.library.scale_step
import rego.v1

object_of(parallelism) := {"spec": {"job": {"parallelism": parallelism}}}

update(before, after) := {
	"request": {"operation": "UPDATE"},
	"oldObject": object_of(before),
	"object": object_of(after),
	"flink": {"configPath": ["spec", "flinkConfiguration"]},
}

test_a_step_up_to_the_factor_passes if {
	count(scale_step.deny) == 0 with input as update(8, 16)
	count(scale_step.deny) == 0 with input as update(80, 8)
}

test_a_larger_step_is_denied if {
	found := scale_step.deny with input as update(8, 80)
	found == {{
		"msg": "the update multiplies the parallelism from 8 to 80",
		"path": ["spec", "job", "parallelism"],
		"help": "set it to at most 16, and go on from there",
	}}
}

test_small_jobs_may_take_any_step if {
	count(scale_step.deny) == 0 with input as update(1, 8)
	found := scale_step.deny with input as update(1, 9)
	count(found) == 1
}

test_a_new_object_passes if {
	document := object.remove(update(8, 80), ["oldObject"])
	count(scale_step.deny) == 0 with input as object.union(document, {"request": {"operation": "CREATE"}})
}

test_an_object_without_a_job_passes if {
	count(scale_step.deny) == 0 with input as object.union(update(8, 80), {"object": {"spec": {"job": null}}})
}
