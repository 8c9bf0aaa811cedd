# METADATA
# title: Schedulers that the tenant may use
# description: |
#   Another scheduler may follow other rules, or none. Once a tenant lists schedulers, pods name one of them; a pod that names none
#   is placed by default-scheduler.
# custom:
#   id: scheduling/scheduler-name
#   level: error
#   since: 0.1.0
#   when: [flink.problems.schedulerNames]
#   help: Write one of the schedulers that the tenant lists.
#   tenant: |
#     scheduling: {schedulerNames: [default-scheduler, volcano]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       schedulerName: mine
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       schedulerName: volcano
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
package flinkgate.scheduling.scheduler_name

import rego.v1

deny contains finding if some finding in input.flink.problems.schedulerNames
