package main

deny_run_as_root[msg] {
  input.kind == "Pod"
  not input.spec.securityContext.runAsNonRoot
  msg := "the pod runs as root"
}

violation_host_network[{"msg": msg}] {
  input.spec.hostNetwork
  msg := "the pod uses the host network"
}

deny[msg] {
  not input.metadata.namespace
  msg := "no namespace"
}

exception[rules] {
  input.metadata.labels.tier == "system"
  rules := ["run_as_root", "host_network"]
}

exception[rules] {
  input.metadata.name == "bootstrap"
  rules = [""]
}
