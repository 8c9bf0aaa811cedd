package library.session_clusters_test

import data.library.session_clusters
import rego.v1

document(kind, namespace, flink) := {
	"request": {"kind": {"kind": kind}, "namespace": namespace},
	"flink": object.union({"engine": "operator", "declaresCluster": true, "upgradeMode": null}, flink),
}

test_a_session_cluster_is_denied_in_production if {
	found := session_clusters.deny with input as document("FlinkDeployment", "payments-prod", {})
	{finding.msg | some finding in found} == {"session clusters are not allowed in namespace `payments-prod`"}
}

test_a_session_cluster_passes_elsewhere if {
	every namespace in ["payments-dev", "prod-payments"] {
		count(session_clusters.deny) == 0 with input as document("FlinkDeployment", namespace, {})
	}
}

test_a_cluster_with_a_job_passes if {
	mode := {"upgradeMode": "savepoint"}
	count(session_clusters.deny) == 0 with input as document("FlinkDeployment", "payments-prod", mode)
	lyft := {"engine": "lyft"}
	count(session_clusters.deny) == 0 with input as document("FlinkApplication", "payments-prod", lyft)
}

test_a_session_job_is_denied_in_production if {
	job := {"declaresCluster": false, "upgradeMode": "savepoint"}
	found := session_clusters.deny with input as document("FlinkSessionJob", "payments-prod", job)
	{finding.path | some finding in found} == {["spec", "deploymentName"]}
	count(session_clusters.deny) == 0 with input as document("FlinkSessionJob", "payments-dev", job)
}

test_pods_pass if {
	count(session_clusters.deny) == 0 with input as document("Pod", "payments-prod", {"declaresCluster": false})
}
