package main

import data.lib.kube

deny[msg] {
  kube.is_workload
  container := kube.containers[_]
  not container.resources.limits.memory
  print("container without a limit:", container.name)
  msg := sprintf("%s %s: container %s has no memory limit", [input.kind, kube.name, container.name])
}

warn[msg] {
  kube.is_workload
  image := kube.containers[_].image
  endswith(image, ":latest")
  msg = sprintf("image %s is not pinned", [image])
}

violation[{"msg": msg, "details": {"probes": missing}}] {
  kube.is_workload
  missing := {c.name | c := kube.containers[_]; not c.readinessProbe}
  count(missing) > 0
  msg := sprintf("containers without a readiness probe: %v", [concat(", ", sort(missing))])
}

deny_host_path[msg] {
  walk(input, [path, value])
  path[count(path) - 1] == "hostPath"
  msg := sprintf("host path %s", [value.path])
}

deny_owner[msg] {
  kube.is_workload
  not all([labels_are_text, has_owner])
  msg := "the owner label is missing"
}

default labels_are_text = false

labels_are_text {
  not any([true | l := input.metadata.labels[_]; not is_string(l)])
}

default has_owner = false

has_owner {
  re_match("^team-[a-z]+$", input.metadata.labels.owner)
}
