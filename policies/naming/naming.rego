# METADATA
# title: Naming convention
# description: |
#   A name says which team runs which application. Dashboards, bills and alerts group by it, and Kubernetes never
#   lets it change.
# custom:
#   id: user/naming
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl2, namespace: payments-prod}
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
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.naming

import rego.v1

# Adapt: the kinds whose names follow the convention.
kinds := {"FlinkDeployment", "FlinkBlueGreenDeployment", "FlinkSessionJob", "FlinkCluster", "FlinkApplication"}

# Adapt: <team>-<application>, in lower-case letters and digits; the application may have several words.
pattern := `^[a-z][a-z0-9]*(-[a-z0-9]+)+$`

# Adapt: the convention in words.
convention := "<team>-<application>"

# Adapt: the longest name. Pods get suffixes such as `-taskmanager-1-1`, and a label holds 63 characters.
max_length := 40

name := input.request.name if input.request.kind.kind in kinds

deny contains finding if {
	name != ""
	not regex.match(pattern, name)
	finding := {
		"msg": sprintf("name `%s` does not follow the convention `%s`", [name, convention]),
		"path": ["metadata", "name"],
		"help": sprintf("use a name in lower case such as `%s-etl`", [input.tenant.name]),
	}
}

deny contains finding if {
	count(name) > max_length
	finding := {
		"msg": sprintf("name `%s` has %d characters, more than %d", [name, count(name), max_length]),
		"path": ["metadata", "name"],
		"help": sprintf("use a name of at most %d characters", [max_length]),
	}
}
