# METADATA
# title: An ingress with a template
# description: |
#   The operator makes host and path of the Ingress from spec.ingress.template, in which it fills in {{name}} and {{namespace}}. A
#   missing template, or one that is no URL, is refused.
# custom:
#   id: flink/ingress-template
#   level: error
#   since: 0.1.0
#   when: [flink.operator.ingress]
#   help: "Write host and path, such as flink.example.com/{{namespace}}/{{name}}(/|$)(.*)."
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl}
#     spec:
#       flinkVersion: v1_20
#       image: registry.example.com/flink:1.20
#       serviceAccount: flink
#       ingress: {className: nginx}
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
#       ingress: {className: nginx, template: "flink.example.com/{{namespace}}/{{name}}(/|$)(.*)"}
#       jobManager: {resource: {cpu: 1, memory: 2048m}}
#       taskManager: {resource: {cpu: 1, memory: 2048m}}
#       job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
package flinkgate.flink.ingress_template

import rego.v1

deny contains finding if {
	some finding in input.flink.operator.ingress
}
