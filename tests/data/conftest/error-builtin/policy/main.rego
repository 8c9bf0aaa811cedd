package main

deny[msg] {
  config := parse_config_file("x.yaml")
  msg := config.name
}
