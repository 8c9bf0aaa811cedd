# METADATA
# title: Disruption budgets that hold
# description: |
#   A PodDisruptionBudget says how many pods may be evicted at once from nodes that are drained. A tenant may want one over each cluster's
#   JobManagers or TaskManagers (scheduling.disruptionBudgets); whether there is one, lint says of its own input: in a cluster nobody
#   knows which will follow. A budget itself is told where Kubernetes does not keep to it, or where it lets nobody go.
#   Native TaskManagers are owned by the JobManager's Deployment: for maxUnavailable and for percentages Kubernetes takes that Deployment's
#   replicas, most often 1, for the number of TaskManagers. Only minAvailable as a number holds for them.
# custom:
#   id: scheduling/disruption-budget
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.disruptionBudgets]
#   help: Write a PodDisruptionBudget with minAvailable as a number that is smaller than the number of pods.
#   tenant: |
#     scheduling: {disruptionBudgets: {taskManager: true}}
#   bad: |
#     apiVersion: policy/v1
#     kind: PodDisruptionBudget
#     metadata: {name: etl}
#     spec:
#       maxUnavailable: 1
#       selector: {matchLabels: {app: etl, component: taskmanager, type: flink-native-kubernetes}}
#   good: |
#     apiVersion: policy/v1
#     kind: PodDisruptionBudget
#     metadata: {name: etl}
#     spec:
#       minAvailable: 3
#       selector: {matchLabels: {app: etl, component: taskmanager, type: flink-native-kubernetes}}
package flinkgate.scheduling.disruption_budget

import rego.v1

warn contains finding if some finding in input.flink.problems.disruptionBudgets
