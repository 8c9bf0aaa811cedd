# `input` documents for the rules' tests, as small as a rule needs them.
package flinkgate.lib.fixture_test

import rego.v1

# Pods that violate one control of the Pod Security Standard in one place.
violating(control) := object.union(workload({}, []), {"flink": {"podSecurity": {control: [violation]}}})

violation := {"message": "container \"a\" must not", "path": ["spec", "containers", "0"], "help": "remove it"}

# The finding that this becomes.
violation_told := {"msg": violation.message, "path": violation.path, "help": violation.help}

# A workload of these pod sets under a tenant.
workload(tenant, pods) := {
	"request": {"operation": "CREATE", "namespace": "payments-prod", "name": "etl"},
	"tenant": object.union({"name": "payments"}, tenant),
	"tenancy": {"unassigned": "warn"},
	"quota": {"exceeded": [], "undeclared": []},
	"flink": {
		"problems": {},
		"engine": "operator", "declaresCluster": true, "pretends": null, "upgradeMode": "stateless", "pods": pods, "podSecurity": {}, "config": {},
		"configPath": ["spec", "flinkConfiguration"], "forbidden": [], "tolerations": [],
		"options": {"invalid": [], "unknown": [], "deprecated": [], "unread": []}, "size": {"problems": []}, "operator": {},
	},
}

# The findings' places, as pointers: what most tests assert.
places(findings) := {concat("/", [sprintf("%v", [token]) | some token in finding.path]) | some finding in findings}

# A workload with these lists of problems, and one problem.
with_problems(lists) := object.union(base, {"flink": object.union(base.flink, {"problems": lists})}) if base := workload({}, [])

problem(place) := {"msg": concat(" ", [place, "is wrong"]), "path": split(place, "/"), "help": "mend it"}
