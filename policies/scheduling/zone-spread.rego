# METADATA
# title: Pods spread over zones
# description: |
#   A zone that fails takes all with it that runs there. A tenant may want a cluster's JobManagers or TaskManagers spread over zones
#   (scheduling.zoneSpread), Preferred or Required. What counts is a topology spread constraint over topology.kubernetes.io/zone that selects these very
#   pods, for Required with whenUnsatisfiable DoNotSchedule and maxSkew 1; anti-affinity over zones does as well.
#   None counts where a node selector leaves several pods one zone only.
# custom:
#   id: scheduling/zone-spread
#   level: error
#   since: 0.1.0
#   when: [flink.problems.zoneSpread]
#   help: Select these pods' own labels; or leave it to Flinkgate, which adds such a constraint beside yours.
#   asIs: true
#   tenant: |
#     scheduling: {zoneSpread: {taskManager: Preferred}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager:
#         resource: {cpu: 1, memory: 2048m}
#         podTemplate:
#           spec:
#             topologySpreadConstraints:
#               - maxSkew: 1
#                 topologyKey: topology.kubernetes.io/zone
#                 whenUnsatisfiable: ScheduleAnyway
#                 labelSelector: {matchLabels: {app: etl, component: jobmanager}}
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
#       taskManager:
#         resource: {cpu: 1, memory: 2048m}
#         podTemplate:
#           spec:
#             topologySpreadConstraints:
#               - maxSkew: 1
#                 topologyKey: topology.kubernetes.io/zone
#                 whenUnsatisfiable: ScheduleAnyway
#                 labelSelector: {matchLabels: {app: etl, component: taskmanager}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.scheduling.zone_spread

import rego.v1

deny contains finding if some finding in input.flink.problems.zoneSpread
