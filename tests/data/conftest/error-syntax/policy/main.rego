package main

deny[msg] {
  msg := ]
}
