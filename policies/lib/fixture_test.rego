# `input` documents for the rules' tests, as small as a rule needs them.
package flinkgate.lib.fixture_test

import rego.v1

# One plain pod with this spec, held to a Pod Security level at the latest version.
pod(level, spec) := pod_at(level, 999, spec)

# The same at an older version of the standard.
pod_at(level, minor, spec) := workload({"security": {"podSecurity": {"level": level, "minor": minor}}}, [pod_set("other", spec, {})])

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
		"options": {"invalid": [], "unknown": [], "deprecated": [], "unread": []}, "size": {"problems": []},
		"state": {"checkpointOption": "execution.checkpointing.dir", "directories": [], "places": []},
	},
}

# A set of pods; `more` adds facts such as antiAffinity.
pod_set(role, spec, more) := object.union(
	{
		"role": role, "path": [], "template": {"spec": spec}, "containers": containers(spec),
		"securityContexts": array.concat(
			[{"container": null, "spec": spec.securityContext, "path": ["spec", "securityContext"]} | spec.securityContext],
			[{"container": own.name, "spec": own.spec.securityContext, "path": array.concat(own.path, ["securityContext"])} | some own in containers(spec)],
		),
	},
	more,
)

containers(spec) := [container |
	some kind in ["containers", "initContainers", "ephemeralContainers"]
	some index, own in object.get(spec, kind, [])
	container := {"kind": kind, "name": own.name, "spec": own, "path": ["spec", kind, sprintf("%d", [index])]}
]

# The findings' places, as pointers: what most tests assert.
places(findings) := {concat("/", [sprintf("%v", [token]) | some token in finding.path]) | some finding in findings}

# A workload with these lists of problems, and one problem.
with_problems(lists) := object.union(base, {"flink": object.union(base.flink, {"problems": lists})}) if base := workload({}, [])

problem(place) := {"msg": concat(" ", [place, "is wrong"]), "path": split(place, "/"), "help": "mend it"}
