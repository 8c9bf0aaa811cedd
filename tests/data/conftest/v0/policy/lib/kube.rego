package lib.kube

name = input.metadata.name

workloads = {"Deployment", "StatefulSet", "DaemonSet"}

is_workload {
  workloads[input.kind]
}

pod = input.spec.template.spec

containers[c] {
  c = pod.containers[_]
}

containers[c] {
  c = pod.initContainers[_]
}
