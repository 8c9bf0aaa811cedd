# METADATA
# title: Expiry of development clusters
# description: |
#   Clusters for an experiment outlive it for months. In development namespaces each names the last day on which it is
#   needed, at most two weeks ahead; from then on every change of it is refused until the day is renewed.
# custom:
#   id: user/expiry
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-dev}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-dev, annotations: {example.com/expires: "2026-10-14"}}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.expiry

import rego.v1

# Adapt: a regular expression for the namespaces of development.
development := "-dev$"

# Adapt: the annotation with the last day, and how many days ahead it may be.
annotation := "example.com/expires"

max_days := 14

# Tests replace it.
now_ns := time.now_ns()

day_ns := ((24 * 60) * 60) * 1000000000

applies if {
	input.flink.declaresCluster
	regex.match(development, input.request.namespace)
}

day := input.object.metadata.annotations[annotation]

# The end of the day, UTC; undefined for what is not a day.
end_ns := time.parse_rfc3339_ns(concat("", [day, "T00:00:00Z"])) + day_ns

# The last day that may be written now.
latest := substring(time.format(now_ns + (max_days * day_ns)), 0, 10)

problems contains sprintf("annotation `%s` is missing", [annotation]) if not day

problems contains sprintf("annotation `%s` is `%s`, which is not a day", [annotation, day]) if {
	day
	not end_ns
}

problems contains sprintf("the cluster expired on `%s`", [day]) if end_ns <= now_ns

problems contains sprintf("`%s` is more than %d days ahead", [day, max_days]) if {
	end_ns > now_ns + ((max_days + 1) * day_ns)
}

deny contains finding if {
	applies
	some problem in problems
	finding := {
		"msg": problem,
		"path": ["metadata", "annotations", annotation],
		"help": sprintf("set annotation `%s` to a day until `%s`, written as YYYY-MM-DD", [annotation, latest]),
	}
}
