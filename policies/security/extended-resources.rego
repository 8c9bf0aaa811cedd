# METADATA
# title: Extended resources of the tenant only
# description: |
#   GPUs and the like are few and dear. A tenant may say which extended resources its pods may ask for, by their containers or by
#   Flink's options for external resources.
# custom:
#   id: security/extended-resources
#   level: error
#   since: 0.1.0
#   when: [flink.problems.extendedResources]
#   help: Ask for none but those that the tenant has.
#   tenant: |
#     security: {extendedResources: []}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", resources: {limits: {nvidia.com/gpu: 1}}}
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0", resources: {limits: {cpu: 1, memory: 1Gi}}}
package flinkgate.security.extended_resources

import rego.v1

deny contains finding if some finding in input.flink.problems.extendedResources
