package library.upgrade_mode_test

import data.library.upgrade_mode
import rego.v1

job(namespace, mode) := {
	"request": {"namespace": namespace},
	"flink": {"engine": "operator", "upgradeMode": mode, "configPath": ["spec", "flinkConfiguration"]},
}

test_stateless_upgrades_are_denied_in_production if {
	found := upgrade_mode.deny with input as job("payments-prod", "stateless")
	found == {{
		"msg": "upgrade mode `stateless` is not allowed in environment `prod`",
		"path": ["spec", "job", "upgradeMode"],
		"help": "set `upgradeMode: savepoint`",
	}}
}

test_upgrades_with_state_pass_in_production if {
	every mode in ["savepoint", "last-state"] {
		count(upgrade_mode.deny) == 0 with input as job("payments-prod", mode)
	}
}

test_an_environment_that_is_not_listed_allows_all if {
	every namespace in ["payments-dev", "sandbox"] {
		count(upgrade_mode.deny) == 0 with input as job(namespace, "stateless")
	}
}

test_a_session_cluster_has_no_upgrade_mode if {
	count(upgrade_mode.deny) == 0 with input as job("payments-prod", null)
}

test_the_template_of_both_colours_is_checked if {
	document := job("payments-prod", "stateless")
	path := ["spec", "template", "spec", "flinkConfiguration"]
	found := upgrade_mode.deny with input as object.union(document, {"flink": {"configPath": path}})
	{finding.path | some finding in found} == {["spec", "template", "spec", "job", "upgradeMode"]}
}

test_other_operators_have_upgrade_modes_of_their_own if {
	document := object.union(job("payments-prod", "stateless"), {"flink": {"engine": "spotify"}})
	count(upgrade_mode.deny) == 0 with input as document
}
