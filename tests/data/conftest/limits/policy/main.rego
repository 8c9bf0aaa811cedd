package main

deny[msg] {
  count(numbers.range(1, 100000000)) > 1
  msg := "x"
}

warn["still evaluated"] {
  true
}
