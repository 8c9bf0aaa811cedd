package main

import data.lib.text

deny[msg] {
  text.is_empty(input.metadata.labels.team)
  msg := "the team label is empty"
}
