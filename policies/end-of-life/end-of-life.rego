# METADATA
# title: End of life of Flink versions
# description: |
#   A Flink version that gets no fixes any more is refused from a day on that the organisation sets, with a warning in
#   the months before it, so that teams plan the upgrade before it is urgent.
# custom:
#   id: user/end-of-life
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_18
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v2_1
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.end_of_life

import rego.v1

# Adapt: the first day on which a version is refused. Flink's community supports the two newest minor versions; these
# days give teams some months more. A version that is not listed passes.
end_of_life := {
	"v1_15": "2024-01-01",
	"v1_16": "2024-07-01",
	"v1_17": "2024-12-01",
	"v1_18": "2025-06-01",
	"v1_19": "2026-03-01",
	"v1_20": "2027-12-31",
	"v2_0": "2026-09-01",
}

# Adapt: how many days before that day a warning begins.
notice_days := 90

# Adapt: the version to move to.
target := "v2_1"

# Tests replace it.
now_ns := time.now_ns()

day_ns := ((24 * 60) * 60) * 1000000000

version := input.flink.version

last_day := end_of_life[version]

end_ns := time.parse_rfc3339_ns(concat("", [last_day, "T00:00:00Z"]))

days_left := ceil((end_ns - now_ns) / day_ns)

# `spec`, or of a FlinkBlueGreenDeployment `spec.template.spec`.
path := array.concat(array.slice(input.flink.configPath, 0, count(input.flink.configPath) - 1), ["flinkVersion"])

help := sprintf("set `flinkVersion: %s` and an image of that version", [target])

deny contains finding if {
	now_ns >= end_ns
	finding := {
		"msg": sprintf("Flink version `%s` is refused since %s: it has reached its end of life", [version, last_day]),
		"path": path,
		"help": help,
	}
}

warn contains finding if {
	now_ns < end_ns
	days_left <= notice_days
	finding := {
		"msg": sprintf("Flink version `%s` is refused from %s on, in %d days", [version, last_day, days_left]),
		"path": path,
		"help": help,
	}
}
