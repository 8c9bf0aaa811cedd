package library.memory_per_core_test

import data.library.memory_per_core
import rego.v1

gib := 1073741824

cluster(cpu, memory) := {"flink": {
	"engine": "operator",
	"configPath": ["spec", "flinkConfiguration"],
	"size": {"taskManager": {"cpu": cpu, "memoryBytes": memory}},
}}

test_ratios_within_the_bounds_pass if {
	every case in [[1, 2], [4, 32], [0.5, 2]] {
		count(memory_per_core.deny) == 0 with input as cluster(case[0], case[1] * gib)
	}
}

test_much_memory_is_reported if {
	found := memory_per_core.deny with input as cluster(1, 32 * gib)
	found == {{
		"msg": "a TaskManager has 32Gi of memory for each core",
		"path": ["spec", "taskManager", "resource"],
		"help": "request between 2Gi and 8Gi for each core",
	}}
}

test_little_memory_is_reported if {
	found := memory_per_core.deny with input as cluster(4, 6 * gib)
	{finding.msg | some finding in found} == {"a TaskManager has 1.5Gi of memory for each core"}
}

test_what_requests_no_cpu_passes if {
	count(memory_per_core.deny) == 0 with input as cluster(0, 32 * gib)
}

test_an_object_without_task_managers_passes if {
	count(memory_per_core.deny) == 0 with input as {"flink": {"engine": "none", "size": {"taskManager": null}}}
}
