package library.naming_test

import data.library.naming
import rego.v1

object(kind, name) := {
	"request": {"kind": {"kind": kind}, "name": name},
	"tenant": {"name": "payments"},
}

test_a_name_of_team_and_application_passes if {
	some name in ["payments-etl", "payments-fraud-scoring", "p1-x2"]
	count(naming.deny) == 0 with input as object("FlinkDeployment", name)
}

test_other_names_are_denied if {
	every name in ["etl", "Payments-etl", "payments_etl", "payments-", "-etl", "1st-etl"] {
		found := naming.deny with input as object("FlinkDeployment", name)
		[finding.path | some finding in found] == [["metadata", "name"]]
	}
}

test_the_help_names_the_tenant if {
	found := naming.deny with input as object("FlinkSessionJob", "etl")
	{finding.help | some finding in found} == {"use a name in lower case such as `payments-etl`"}
}

test_a_long_name_is_denied if {
	found := naming.deny with input as object("FlinkDeployment", "payments-a-name-that-does-not-fit-on-a-label-x")
	{finding.msg | some finding in found} == {concat(" ", [
		"name `payments-a-name-that-does-not-fit-on-a-label-x` has 46 characters,",
		"more than 40",
	])}
}

test_other_kinds_and_generated_names_pass if {
	count(naming.deny) == 0 with input as object("Pod", "etl")
	count(naming.deny) == 0 with input as object("FlinkDeployment", "")
}
