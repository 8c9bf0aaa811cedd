package main

deny["no labels"] {
  not input.metadata.labels
}
