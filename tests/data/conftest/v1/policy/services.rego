# METADATA
# title: Services stay inside
# description: Load balancers are made by the platform.
package main

import rego.v1

allowed_types := {"ClusterIP", "Headless"}

deny contains msg if {
	input.kind == "Service"
	type := object.get(input.spec, "type", "ClusterIP")
	not type in allowed_types
	msg := sprintf("Service %s is of type %s", [input.metadata.name, type])
}

deny contains {"msg": msg, "port": port.port} if {
	input.kind == "Service"
	some port in input.spec.ports
	port.port < 1024
	msg := sprintf("port %d needs root", [port.port])
}

warn_names contains msg if {
	input.kind == "Service"
	every port in input.spec.ports {
		not port.name
	}
	msg := "no port has a name"
}

# An empty message is a pass.
deny contains "" if input.kind == "Service"
