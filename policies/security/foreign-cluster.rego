# METADATA
# title: Pods of native mode belong to the cluster that asks for them
# description: |
#   A JobManager knows its TaskManagers by their labels, and whoever counts a cluster's pods may too. Labels are the user's to
#   write, so they must name the cluster whose JobManager asked for the pod (the API server says which pod that was), or else
#   the one whose Deployment owns it.
# custom:
#   id: security/foreign-cluster
#   level: error
#   since: 0.1.0
#   when: [flink.pretends]
#   help: Leave the labels app, component and type to Flink.
#   bad: |
#     apiVersion: v1
#     kind: Pod
#     metadata:
#       name: etl-taskmanager-1-1
#       labels: {app: billing, component: taskmanager, type: flink-native-kubernetes}
#       ownerReferences:
#         - {apiVersion: apps/v1, kind: Deployment, name: etl, uid: 5b0ef3a5-4ad1-4d9c-a4f4-2f1a0b4d7a11, controller: true}
#     spec:
#       containers:
#         - name: flink-main-container
#           image: registry.example.com/flink:1.20
#           command: [/docker-entrypoint.sh]
#           args: [bash, -c, kubernetes-taskmanager.sh]
#   good: |
#     apiVersion: v1
#     kind: Pod
#     metadata:
#       name: etl-taskmanager-1-1
#       labels: {app: etl, component: taskmanager, type: flink-native-kubernetes}
#       ownerReferences:
#         - {apiVersion: apps/v1, kind: Deployment, name: etl, uid: 5b0ef3a5-4ad1-4d9c-a4f4-2f1a0b4d7a11, controller: true}
#     spec:
#       containers:
#         - name: flink-main-container
#           image: registry.example.com/flink:1.20
#           command: [/docker-entrypoint.sh]
#           args: [bash, -c, kubernetes-taskmanager.sh]
package flinkgate.security.foreign_cluster

import rego.v1

deny contains finding if {
	claimed := input.flink.pretends
	claimed != null
	finding := {
		"msg": sprintf("the pod is made for cluster %s, but its labels name cluster %s", [input.flink.cluster, claimed]),
		"path": ["metadata", "labels", "app"],
	}
}
