# METADATA
# title: Flink runs in a tenant's namespace
# description: |
#   What runs Flink in a namespace that no tenant claims is under nobody's rules and quota. How that is taken, allow, warn or
#   deny, is the choice --unassigned.
# custom:
#   id: tenancy/unassigned-namespace
#   level: error
#   since: 0.1.0
#   when: [tenancy.unassigned]
#   help: Add the namespace to a FlinkTenant, or deploy to a namespace of a tenant.
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
package flinkgate.tenancy.unassigned_namespace

import rego.v1

finding := {
	"msg": sprintf("namespace %q belongs to no FlinkTenant", [input.request.namespace]),
	"path": ["metadata", "namespace"],
}

unassigned if {
	input.tenant == null
	input.flink.engine != "none"
}

deny contains finding if {
	unassigned
	input.tenancy.unassigned == "deny"
}

warn contains finding if {
	unassigned
	input.tenancy.unassigned == "warn"
}
