# METADATA
# title: Session jobs that the operator can submit
# description: |
#   The operator fetches the JAR of a FlinkSessionJob itself: by https only, unless its own configuration allows more
#   (kubernetes.operator.user.artifacts.allowed-schemes), and never from its own machine or the inner network. Addresses and the
#   name localhost are judged here, other names only the operator can resolve. Operators before 1.15 fetch from anywhere: there,
#   add the schemes in use to that option, which they ignore, or lower this rule.
# custom:
#   id: flink/session-job
#   level: error
#   since: 0.1.0
#   when: [flink.operator.sessionJob]
#   help: Put the JAR where https reaches it.
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkSessionJob
#     metadata: {name: etl-clicks}
#     spec:
#       deploymentName: sessions
#       job: {jarURI: "https://169.254.169.254/latest/job.jar", parallelism: 2}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkSessionJob
#     metadata: {name: etl-clicks}
#     spec:
#       deploymentName: sessions
#       job: {jarURI: "https://repo.example.com/job.jar", parallelism: 2}
package flinkgate.flink.session_job

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.sessionJob
}
