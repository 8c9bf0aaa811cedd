package flinkgate.security.privileged_test

import data.flinkgate.lib.fixture_test as fixture
import data.flinkgate.security.privileged
import rego.v1

spec := {
	"containers": [{"name": "a"}, {"name": "b", "securityContext": {"privileged": true}}],
	"initContainers": [{"name": "c", "securityContext": {"privileged": true}}],
	"ephemeralContainers": [{"name": "d", "securityContext": {"privileged": false}}],
}

test_every_kind_of_container_is_judged if {
	found := privileged.deny with input as fixture.pod("baseline", spec)
	fixture.places(found) == {
		"spec/containers/1/securityContext/privileged",
		"spec/initContainers/0/securityContext/privileged",
	}
}

test_the_message_names_the_container if {
	found := privileged.deny with input as fixture.pod("restricted", spec)
	"container \"b\" must not be privileged" in {finding.msg | some finding in found}
}

test_a_privileged_tenant_may if {
	found := privileged.deny with input as fixture.pod("privileged", spec)
	count(found) == 0
}

test_a_windows_pod_must_not_be_a_host_process if {
	found := privileged.deny with input as fixture.pod("baseline", {"securityContext": {"windowsOptions": {"hostProcess": true}}})
	fixture.places(found) == {"spec/securityContext/windowsOptions/hostProcess"}
}
