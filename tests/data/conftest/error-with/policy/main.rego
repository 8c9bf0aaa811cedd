package main

deny[msg] {
  count(names) > 0 with input as {"a": 1}
  msg := "x"
}

names[x] { input[x] }
