# METADATA
# title: Labels and annotations that nobody may set
# description: |
#   Labels and annotations are orders to what else runs in the cluster: to leave a pod out of the service mesh, to let it past
#   another admission webhook, to publish a Service under a name. A tenant's lists name those that are not for users, on pods and in
#   the options that put them on pods and on Flink's Services.
# custom:
#   id: security/metadata
#   level: error
#   since: 0.1.0
#   when: [flink.problems.marks]
#   help: Leave it out.
#   tenant: |
#     security: {forbiddenAnnotations: ["sidecar.istio.io/*"]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.taskmanager.annotations: "sidecar.istio.io/inject:false"
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
#       flinkConfiguration:
#         kubernetes.taskmanager.annotations: "prometheus.io/scrape:true"
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.metadata

import rego.v1

deny contains finding if some finding in input.flink.problems.marks
