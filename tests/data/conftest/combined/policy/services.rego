package main

deny contains msg if {
	service := input[_].contents
	service.kind == "Service"
	not selects_something(service)
	msg := sprintf("Service %s selects no Deployment", [service.metadata.name])
}

selects_something(service) if {
	some file in input
	file.contents.kind == "Deployment"
	labels := file.contents.spec.template.metadata.labels
	every key, value in service.spec.selector {
		labels[key] == value
	}
}

deny contains sprintf("%s is there twice: %s", [name, concat(", ", sort(paths))]) if {
	some name in {file.contents.metadata.name | some file in input; file.contents.kind == "Service"}
	paths := {file.path | some file in input; file.contents.metadata.name == name; file.contents.kind == "Service"}
	count(paths) > 1
}
