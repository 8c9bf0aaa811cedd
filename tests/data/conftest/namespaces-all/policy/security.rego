package kubernetes.security

deny[msg] {
  input.spec.privileged
  msg := "privileged"
}
