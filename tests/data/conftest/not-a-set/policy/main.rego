package main

deny {
  input.kind == "Pod"
}

warn[x] {
  x := count(input.metadata)
}
