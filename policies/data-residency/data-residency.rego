# METADATA
# title: Data residency
# description: |
#   Checkpoints, savepoints and archives hold personal data. A tenant whose label names a region keeps them in buckets
#   of that region.
# custom:
#   id: user/data-residency
#   level: error
#   tenant: |
#     labels: {example.com/region: eu}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: payments-etl, namespace: payments-prod}
#     spec:
#       image: registry.example.com/flink/etl:1.4.2
#       flinkVersion: v1_20
#       serviceAccount: flink
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://us-payments/checkpoints
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
#       flinkConfiguration:
#         execution.checkpointing.dir: s3://eu-payments/checkpoints
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 4096m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package library.data_residency

import rego.v1

# Adapt: the tenant's label that names its region. A tenant without it may keep data anywhere.
label := "example.com/region"

# Adapt: a regular expression for the buckets of each region.
buckets := {
	"eu": "^eu-",
	"us": "^us-",
}

# Schemes of object stores. What follows the scheme is the bucket, or in Azure the container.
scheme := "^(s3|s3a|s3p|gs|oss|abfss?|wasbs?)://"

region := input.tenant.labels[label]

# Every option whose value is a place in an object store.
places contains {"option": option, "value": value, "bucket": bucket} if {
	some option, value in input.flink.config
	regex.match(scheme, value)
	bucket := split(split(regex.replace(value, scheme, ""), "/")[0], "@")[0]
}

deny contains finding if {
	pattern := buckets[region]
	some place in places
	not regex.match(pattern, place.bucket)
	finding := {
		"msg": sprintf(
			"option `%s` keeps data in bucket `%s`, which is not in region `%s`",
			[place.option, place.bucket, region],
		),
		"path": array.concat(input.flink.configPath, [place.option]),
		"help": sprintf("use a bucket whose name matches `%s`", [pattern]),
	}
}

deny contains finding if {
	not buckets[region]
	finding := {
		"msg": sprintf("tenant `%s` has the unknown region `%s`", [input.tenant.name, region]),
		"path": [],
		"help": sprintf(
			"ask the platform team to set label `%s` of the tenant to one of `%s`",
			[label, concat("`, `", object.keys(buckets))],
		),
	}
}
