# METADATA
# title: Environment variables that nobody may set
# description: |
#   A variable such as LD_PRELOAD or JAVA_TOOL_OPTIONS puts code into every process of a container. A tenant's list names such
#   variables. Options become variables too: containerized.master.env.NAME and containerized.taskmanager.env.NAME any, env.java.home
#   JAVA_HOME, env.java.opts.all FLINK_ENV_JAVA_OPTS and so on.
# custom:
#   id: security/environment
#   level: error
#   since: 0.1.0
#   when: [flink.problems.environment]
#   help: Leave the variable out.
#   tenant: |
#     security: {forbiddenEnvironment: [LD_PRELOAD, JAVA_TOOL_OPTIONS]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         containerized.taskmanager.env.LD_PRELOAD: /tmp/hook.so
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
#         containerized.taskmanager.env.STAGE: prod
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.security.environment

import rego.v1

deny contains finding if some finding in input.flink.problems.environment
