# METADATA
# title: Memory as Flink will use it
# description: |
#   Flink takes all of its memory when it starts, as its options say. In plain manifests what the container asks for is written beside them: a
#   limit below kills it, a request far below lets its node run full, and twice as much is paid for and never used.
# custom:
#   id: cost/requests
#   level: warning
#   since: 0.1.0
#   when: [flink.problems.requests]
#   help: Ask for as much memory as Flink is told to use.
#   bad: |
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: taskmanager}
#     spec:
#       selector: {matchLabels: {app: flink, component: taskmanager}}
#       template:
#         metadata: {labels: {app: flink, component: taskmanager}}
#         spec:
#           containers:
#             - name: taskmanager
#               image: registry.example.com/flink:1.20
#               args: [taskmanager, -Dtaskmanager.memory.process.size=2g]
#               resources: {requests: {cpu: 1, memory: 8Gi}}
#   good: |
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: taskmanager}
#     spec:
#       selector: {matchLabels: {app: flink, component: taskmanager}}
#       template:
#         metadata: {labels: {app: flink, component: taskmanager}}
#         spec:
#           containers:
#             - name: taskmanager
#               image: registry.example.com/flink:1.20
#               args: [taskmanager, -Dtaskmanager.memory.process.size=2g]
#               resources: {requests: {cpu: 1, memory: 2Gi}}
package flinkgate.cost.requests

import rego.v1

warn contains finding if some finding in input.flink.problems.requests
