# METADATA
# title: Names without addresses of their own
# description: |
#   hostAliases give a name another address, for all that runs in the pod: whoever controls it can pose as a bucket, a broker or the API
#   server. A tenant may say for which names.
# custom:
#   id: security/host-aliases
#   level: error
#   since: 0.1.0
#   when: [flink.problems.hostAliases]
#   help: Leave hostAliases to the DNS of the cluster.
#   tenant: |
#     security: {hostAliases: [mainframe.internal]}
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#       hostAliases: [{ip: 203.0.113.7, hostnames: [s3.example.com]}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: tool}
#     spec:
#       containers:
#         - {name: tool, image: "registry.example.com/tool:1.0"}
#       hostAliases: [{ip: 10.0.0.7, hostnames: [mainframe.internal]}]
package flinkgate.security.host_aliases

import rego.v1

deny contains finding if some finding in input.flink.problems.hostAliases
