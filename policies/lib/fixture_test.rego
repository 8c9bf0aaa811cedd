# `input` documents for the rules' tests, as small as a rule needs them.
package flinkgate.lib.fixture_test

import rego.v1

# A workload of these pod sets under a tenant.
workload(tenant, pods) := {
	"request": {"operation": "CREATE", "namespace": "payments-prod", "name": "etl"},
	"tenant": object.union({"name": "payments"}, tenant),
	"tenancy": {"unassigned": "warn"},
	"mutation": {"conflicts": []},
	"quota": {"exceeded": [], "undeclared": []},
	"flink": {
		"problems": {},
		"engine": "operator", "declaresCluster": true, "upgradeMode": "stateless", "pods": pods, "config": {},
		"configPath": ["spec", "flinkConfiguration"], "forbidden": [], "tolerations": [],
		"options": {"invalid": [], "unknown": [], "deprecated": [], "unread": []}, "size": {"problems": []}, "operator": {},
	},
}

# The findings' places, as pointers: what most tests assert.
places(findings) := {concat("/", [sprintf("%v", [token]) | some token in finding.path]) | some finding in findings}

# A workload with these lists of problems, and one problem.
with_problems(lists) := object.union(base, {"flink": object.union(base.flink, {"problems": lists})}) if base := workload({}, [])

problem(place) := {"msg": concat(" ", [place, "is wrong"]), "path": split(place, "/"), "help": "mend it"}
