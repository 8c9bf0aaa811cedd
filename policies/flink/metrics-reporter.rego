# METADATA
# title: Metrics that somebody sees
# description: |
#   Without a metrics reporter nobody is told that a job lags, fails or runs out of memory. A tenant may demand one of a list.
# custom:
#   id: flink/metrics-reporter
#   level: error
#   since: 0.1.0
#   when: [flink.problems.metrics]
#   help: Set a metrics reporter of those that the tenant demands.
#   tenant: |
#     flink: {metricsReporters: ["*.PrometheusReporterFactory"]}
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       flinkConfiguration:
#         metrics.reporter.log.factory.class: org.apache.flink.metrics.slf4j.Slf4jReporterFactory
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
#         metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.metrics_reporter

import rego.v1

deny contains finding if some finding in input.flink.problems.metrics
