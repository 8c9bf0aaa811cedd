# METADATA
# title: Host names of the tenant only
# description: |
#   Whoever serves a host name gets its visitors, and their passwords. Where a tenant has host names, its Ingresses serve no others: in rules,
#   TLS and annotations, in a FlinkDeployment's ingress, and in names for DNS. Names are compared label by label, so that a look-alike is
#   another name. A snippet annotation writes into the configuration that serves all tenants, and could serve any host.
# custom:
#   id: network/ingress-host
#   level: error
#   since: 0.1.0
#   when: [flink.problems.hosts]
#   help: Serve one of the host names that the tenant has.
#   tenant: |
#     network: {ingressHosts: ["*.payments.example.com"]}
#   bad: |
#     apiVersion: networking.k8s.io/v1
#     kind: Ingress
#     metadata: {name: etl}
#     spec:
#       rules:
#         - host: etl.payments.example.com.evil.io
#           http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: dashboard, port: {number: 80}}}}]}
#   good: |
#     apiVersion: networking.k8s.io/v1
#     kind: Ingress
#     metadata: {name: etl}
#     spec:
#       rules:
#         - host: etl.payments.example.com
#           http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: dashboard, port: {number: 80}}}}]}
package flinkgate.network.ingress_host

import rego.v1

deny contains finding if some finding in input.flink.problems.hosts
