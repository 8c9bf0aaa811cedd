package main

deny[msg] {
  count([f | f := input[_]; f.contents.kind == "Namespace"]) == 0
  msg := "no namespace is among the files"
}
