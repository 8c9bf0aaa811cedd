package main

import data.lib.teams

# Undefined where the label is missing, as OPA has it.
deny[msg] {
  not teams.is_known(input.metadata.labels.team)
  msg := "the team is unknown"
}

# True for each registry that does not match.
deny_any[msg] {
  image := input.spec.containers[_].image
  not startswith(image, teams.registries[_])
  msg := sprintf("%s is not of every registry", [image])
}

# True where the field is missing: a comparison is negated as a whole.
warn[msg] {
  not input.spec.hostNetwork == false
  msg := "hostNetwork is not false"
}
