# METADATA
# title: Containers beside Flink that the tenant knows
# description: |
#   A container beside Flink's shares its network, and with it the ports that ask nobody for a password. A tenant may say what containers may
#   be called that stand there, init containers included, and how many a pod may have.
# custom:
#   id: security/sidecars
#   level: error
#   since: 0.1.0
#   when: [flink.problems.sidecars]
#   help: Leave the container out, or ask who keeps the tenant.
#   tenant: |
#     security: {sidecars: {names: ["log-*"], most: 1}}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       podTemplate: {spec: {containers: [{name: miner, image: "registry.example.com/side:1.0"}]}}
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
#       podTemplate: {spec: {containers: [{name: log-shipper, image: "registry.example.com/side:1.0"}]}}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.sidecars

import rego.v1

deny contains finding if some finding in input.flink.problems.sidecars
