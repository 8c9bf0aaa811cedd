# METADATA
# title: Allowed JAR repositories
# description: |
#   The JAR of a job is code that runs with the job's service account. It comes from the image, or from a repository
#   that the organisation scans and signs.
# custom:
#   id: user/jar-repositories
#   level: error
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: "https://downloads.example.org/etl.jar", parallelism: 2, upgradeMode: stateless}
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
#       job: {jarURI: "https://artifacts.example.com/payments/etl-1.4.2.jar", parallelism: 2, upgradeMode: stateless}
package library.jar_repositories

import rego.v1

# Adapt: what the URI of a JAR may begin with. `local://` is a file of the image.
repositories := [
	"local:///opt/flink/",
	"https://artifacts.example.com/",
	"s3://example-artifacts/",
]

# Adapt: options that name more JARs, separated by semicolons or commas.
options := {"pipeline.jars", "pipeline.classpaths", "user.artifacts.artifact-list"}

# `spec`, or of a FlinkBlueGreenDeployment `spec.template.spec`.
spec := array.slice(input.flink.configPath, 0, count(input.flink.configPath) - 1)

# The fields in which the Apache and Spotify's operators have it.
jars contains {"uri": uri, "path": path} if {
	some field in ["jarURI", "jarFile"]
	path := array.concat(spec, ["job", field])
	uri := object.get(input.object, path, null)
	is_string(uri)
}

jars contains {"uri": trim_space(uri), "path": array.concat(input.flink.configPath, [option])} if {
	some option in options
	list := input.flink.config[option]
	some uri in regex.split("[;,]", list)
	trim_space(uri) != ""
}

# A part `..` would lead out of the repository again.
allowed(uri) if {
	not ".." in split(uri, "/")
	not contains(lower(uri), "%2e")
	strings.any_prefix_match(uri, repositories)
}

deny contains finding if {
	some jar in jars
	not allowed(jar.uri)
	finding := {
		"msg": sprintf("JAR `%s` is not from an allowed repository", [jar.uri]),
		"path": jar.path,
		"help": sprintf("use a JAR below one of `%s`", [concat("`, `", repositories)]),
	}
}
