package library.jar_repositories_test

import data.library.jar_repositories
import rego.v1

job(uri, config) := {
	"object": {"spec": {"job": {"jarURI": uri}}},
	"flink": {"configPath": ["spec", "flinkConfiguration"], "config": config},
}

jar := "local:///opt/flink/usrlib/job.jar"

paths(found) := {concat("/", finding.path) | some finding in found}

test_allowed_repositories_pass if {
	every uri in [jar, "https://artifacts.example.com/payments/etl.jar", "s3://example-artifacts/etl.jar"] {
		count(jar_repositories.deny) == 0 with input as job(uri, {})
	}
}

test_other_places_are_denied if {
	every uri in [
		"https://downloads.example.org/etl.jar",
		"https://artifacts.example.com.evil.io/etl.jar",
		"http://artifacts.example.com/etl.jar",
		"local:///tmp/etl.jar",
	] {
		found := jar_repositories.deny with input as job(uri, {})
		paths(found) == {"spec/job/jarURI"}
	}
}

test_a_path_that_leads_out_of_a_repository_is_denied if {
	every uri in ["local:///opt/flink/../../tmp/etl.jar", "local:///opt/flink/%2E%2e/etl.jar"] {
		found := jar_repositories.deny with input as job(uri, {})
		count(found) == 1
	}
}

test_options_are_checked_one_jar_at_a_time if {
	config := {"pipeline.jars": "local:///opt/flink/a.jar;https://example.org/b.jar", "pipeline.name": "https://x"}
	found := jar_repositories.deny with input as job(jar, config)
	{finding.msg | some finding in found} == {"JAR `https://example.org/b.jar` is not from an allowed repository"}
	paths(found) == {"spec/flinkConfiguration/pipeline.jars"}
}

test_spotifys_field_is_checked if {
	document := {"object": {"spec": {"job": {"jarFile": "/tmp/etl.jar"}}}, "flink": job(jar, {}).flink}
	found := jar_repositories.deny with input as document
	paths(found) == {"spec/job/jarFile"}
}

test_an_object_without_a_job_passes if {
	count(jar_repositories.deny) == 0 with input as {"object": {"spec": {}}, "flink": job(jar, {}).flink}
}
