# METADATA
# title: Runtime classes of the tenant only
# description: |
#   A runtime class decides what keeps a pod apart from its node, and may bring overhead and a scheduling of its own. A tenant may say
#   which its pods may name.
# custom:
#   id: security/runtime-class
#   level: error
#   since: 0.1.0
#   when: [flink.problems.runtimeClasses]
#   help: Name a runtime class that the tenant has, or none.
#   tenant: |
#     security: {runtimeClasses: [gvisor]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#       runtimeClassName: unconfined
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#       runtimeClassName: gvisor
package flinkgate.security.runtime_class

import rego.v1

deny contains finding if some finding in input.flink.problems.runtimeClasses
