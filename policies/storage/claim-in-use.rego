# METADATA
# title: No claim goes from under a running cluster
# description: |
#   Kubernetes keeps a deleted claim until no pod mounts it, but lets no new pod mount it: a cluster that loses a TaskManager then
#   hangs, and its state is gone with its last pod. Asked in a cluster when a person deletes a claim (here etl-state) that the example
#   mounts; what the control plane deletes with a namespace or an owner goes.
# custom:
#   id: storage/claim-in-use
#   level: error
#   since: 0.1.0
#   when: [mutation.conflicts]
#   help: Delete or suspend the cluster first.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: etl-taskmanager-1-1, labels: {app: etl, component: taskmanager}}
#     spec:
#       containers:
#         - name: flink-main-container
#           image: registry.example.com/flink:1.20
#           volumeMounts: [{name: state, mountPath: /flink/state}]
#       volumes: [{name: state, persistentVolumeClaim: {claimName: etl-state}}]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: etl-taskmanager-1-1, labels: {app: etl, component: taskmanager}}
#     spec:
#       containers:
#         - name: flink-main-container
#           image: registry.example.com/flink:1.20
#           volumeMounts: [{name: state, mountPath: /flink/state}]
#       volumes: [{name: state, persistentVolumeClaim: {claimName: billing-state}}]
package flinkgate.storage.claim_in_use

import rego.v1

deny contains finding if {
	some conflict in input.mutation.conflicts
	conflict.rule == "storage/claim-in-use"
	finding := object.remove(conflict, ["rule"])
}
