package main

import data.registries
import data.teams.owners as owners

deny[msg] {
  image := input.spec.containers[_].image
  not allowed(image)
  msg := sprintf("%s is of no known registry; %s knows them", [image, owners[0]])
}

allowed(image) {
  startswith(image, registries[_])
}

deny[msg] {
  port := input.spec.containers[_].ports[_].containerPort
  data.exclusions.ports[_] == port
  msg := sprintf("port %d is excluded in %s", [port, data.conftest.file.name])
}
