# METADATA
# title: Enough nodes for pods that are kept apart
# description: |
#   Required anti-affinity over nodes lets no two of the pods share one: where there are more pods than nodes, the rest wait for ever,
#   and Flink asks for new TaskManagers every few minutes. How many nodes the tenant's pods can run on is for the tenant to say (scheduling.nodes).
#   Blue and green are counted one at a time.
# custom:
#   id: scheduling/capacity
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.capacity]
#   help: Ask for fewer pods, prefer to keep them apart instead of requiring it, or give the tenant more nodes.
#   tenant: |
#     scheduling: {nodes: 4}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       mode: standalone
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager:
#         replicas: 6
#         resource: {cpu: 1, memory: 2048m}
#         podTemplate:
#           spec:
#             affinity:
#               podAntiAffinity:
#                 requiredDuringSchedulingIgnoredDuringExecution:
#                   - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: etl, component: taskmanager}}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       mode: standalone
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager:
#         replicas: 4
#         resource: {cpu: 1, memory: 2048m}
#         podTemplate:
#           spec:
#             affinity:
#               podAntiAffinity:
#                 requiredDuringSchedulingIgnoredDuringExecution:
#                   - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: etl, component: taskmanager}}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.scheduling.capacity

import rego.v1

warn contains finding if some finding in input.flink.problems.capacity
