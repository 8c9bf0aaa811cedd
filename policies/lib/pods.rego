# What the Pod Security rules share: whom they judge, and what Windows and user namespaces relax.
package flinkgate.lib.pods

import rego.v1

judged if input.tenant.security.podSecurity.level in {"baseline", "restricted"}

restricted if input.tenant.security.podSecurity.level == "restricted"

minor := input.tenant.security.podSecurity.minor

# Windows has none of these Linux controls: policy versions from 1.25 know it.
windows(pod) if {
	pod.template.spec.os.name == "windows"
	minor >= 25
}

# root in a user namespace is nobody outside it: policy versions from 1.35 know it.
user_namespace(pod) if {
	pod.template.spec.hostUsers == false
	minor >= 35
}

# Whose a security context is, for a sentence: the pod's, or a container's.
holder(context) := "the pod" if context.container == null

else := sprintf("container %q", [context.container])
