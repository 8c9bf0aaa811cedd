# METADATA
# title: JobManagers kept apart
# description: |
#   Standby JobManagers on one node fail together, and high availability with them.
#   A tenant may want them kept apart, Preferred or Required. What counts is what the scheduler makes of it: a term of podAntiAffinity
#   over the tenant's topology key that selects these very pods, in their own namespace, by labels that they will all have; or a topology
#   spread constraint with maxSkew 1 that does (DoNotSchedule is as good as Required, ScheduleAnyway as Preferred).
#   None counts beside a required podAffinity to the same pods, nor where several of them are left one place only.
# custom:
#   id: scheduling/job-manager-anti-affinity
#   level: error
#   since: 0.1.0
#   when: [flink.problems.jobManagerAntiAffinity]
#   help: Select these pods' own labels; or leave it to Flinkgate, which adds such a term beside yours.
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

deny contains finding if some finding in input.flink.problems.jobManagerAntiAffinity
