# METADATA
# title: The tenant's ConfigMaps only
# description: |
#   A tenant may say which ConfigMaps its pods have, as volumes or in their environment. Those that Flink makes for each cluster and
#   the cluster's root certificates are always among them; kubernetes.hadoop.conf.config-map.name mounts one too.
# custom:
#   id: security/config-maps
#   level: error
#   since: 0.1.0
#   when: [flink.problems.configMaps]
#   help: Use a ConfigMap that the tenant allows.
#   tenant: |
#     security: {configMaps: ["etl-*"]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         kubernetes.hadoop.conf.config-map.name: someone-elses-hadoop
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
#       flinkConfiguration:
#         kubernetes.hadoop.conf.config-map.name: etl-hadoop
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.config_maps

import rego.v1

deny contains finding if some finding in input.flink.problems.configMaps
