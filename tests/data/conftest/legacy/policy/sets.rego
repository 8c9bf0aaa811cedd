package main

deny[{"msg": msg}] {
  input.spec.replicas
  (input.spec.replicas + 1) > 3
  msg := "too many replicas"
} {
  not input.metadata.labels
  msg := "no labels"
} {
  input.metadata.labels[key] == ""
  msg := sprintf("label %s is empty", [key])
}
