# METADATA
# title: A namespace belongs to one tenant
# description: |
#   In a namespace that more than one FlinkTenant claims it is open whose rules and quota hold, so nothing that they judge is
#   admitted there until it is settled.
# custom:
#   id: tenancy/ambiguous-namespace
#   level: error
#   since: 0.1.0
#   when: [tenancy.claimants]
#   help: Ask the platform team to give the namespace to one tenant.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.tenancy.ambiguous_namespace

import rego.v1

deny contains {
	"msg": sprintf("namespace %s is claimed by more than one tenant: %s", [input.request.namespace, concat(", ", input.tenancy.claimants)]),
	"path": ["metadata", "namespace"],
} if {
	count(input.tenancy.claimants) > 1
}
