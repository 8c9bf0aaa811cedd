package library.production_access_test

import data.library.production_access
import rego.v1

change(namespace, username, groups) := {
	"request": {
		"kind": {"kind": "FlinkDeployment"},
		"namespace": namespace,
		"userInfo": {"username": username, "groups": groups},
	},
	"flink": {"declaresCluster": true},
}

pipeline := "system:serviceaccount:argocd:argocd-application-controller"

test_the_pipeline_and_release_managers_pass if {
	count(production_access.deny) == 0 with input as change("payments-prod", pipeline, [])
	count(production_access.deny) == 0 with input as change("payments-prod", "alice", ["dev", "release-managers"])
}

test_other_users_are_denied if {
	found := production_access.deny with input as change("payments-prod", "bob", ["dev"])
	{finding.msg | some finding in found} == {"user `bob` may not change Flink objects in namespace `payments-prod`"}
}

test_other_namespaces_pass if {
	count(production_access.deny) == 0 with input as change("payments-dev", "bob", ["dev"])
}

test_files_pass if {
	count(production_access.deny) == 0 with input as change("payments-prod", "", [])
}

test_pods_pass if {
	document := object.union(change("payments-prod", "bob", []), {"flink": {"declaresCluster": false}})
	count(production_access.deny) == 0 with input as document
}
