# METADATA
# title: JobManagers kept apart
# description: |
#   Standby JobManagers on one node fail together, and high availability with them.
#   A tenant may want them kept apart, Preferred or Required. What counts is a term of podAntiAffinity with the tenant's
#   topology key whose selector matches these very pods: app is the cluster's name, component is jobmanager.
# custom:
#   id: scheduling/job-manager-anti-affinity
#   level: error
#   since: 0.1.0
#   when: [tenant.scheduling.antiAffinity.jobManager]
#   help: Leave podAntiAffinity out, and Flinkgate adds it; or select app and component of this cluster.
#   asIs: true
#   tenant: |
#     scheduling: {antiAffinity: {jobManager: Required}}
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
#       jobManager:
#         resource: {cpu: 1, memory: 2048m}
#         podTemplate:
#           spec:
#             affinity:
#               podAntiAffinity:
#                 requiredDuringSchedulingIgnoredDuringExecution:
#                   - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: etl, component: jobmanager}}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.scheduling.job_manager_anti_affinity

import rego.v1

deny contains finding if {
	strength := input.tenant.scheduling.antiAffinity.jobManager
	some pod in input.flink.pods
	pod.role == "jobManager"
	not kept_apart(pod.antiAffinity, strength)
	finding := {
		"msg": sprintf("JobManagers need %s anti-affinity over %s", [lower(strength), input.tenant.scheduling.antiAffinity.topologyKey]),
		"path": array.concat(pod.path, ["spec", "affinity", "podAntiAffinity"]),
	}
}

kept_apart(fact, _) if fact.required == true

kept_apart(fact, "Preferred") if fact.preferred == true
