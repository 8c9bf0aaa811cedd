package library.data_residency_test

import data.library.data_residency
import rego.v1

cluster(labels, config) := {
	"tenant": {"name": "payments", "labels": labels},
	"flink": {"configPath": ["spec", "flinkConfiguration"], "config": config},
}

eu := {"example.com/region": "eu"}

messages(found) := {finding.msg | some finding in found}

test_buckets_of_the_region_pass if {
	config := {
		"execution.checkpointing.dir": "s3://eu-payments/checkpoints",
		"execution.checkpointing.savepoint-dir": "abfss://eu-payments@account.dfs.core.windows.net/savepoints",
		"parallelism.default": "4",
		"io.tmp.dirs": "/tmp",
	}
	count(data_residency.deny) == 0 with input as cluster(eu, config)
}

test_buckets_of_another_region_are_denied if {
	config := {"execution.checkpointing.dir": "s3a://us-payments/x", "jobmanager.archive.fs.dir": "gs://archive/eu-x"}
	found := data_residency.deny with input as cluster(eu, config)
	messages(found) == {
		"option `execution.checkpointing.dir` keeps data in bucket `us-payments`, which is not in region `eu`",
		"option `jobmanager.archive.fs.dir` keeps data in bucket `archive`, which is not in region `eu`",
	}
}

test_a_tenant_without_a_region_passes if {
	count(data_residency.deny) == 0 with input as cluster({}, {"execution.checkpointing.dir": "s3://us-payments/x"})
}

test_an_unknown_region_is_denied if {
	found := data_residency.deny with input as cluster({"example.com/region": "mars"}, {})
	messages(found) == {"tenant `payments` has the unknown region `mars`"}
}
