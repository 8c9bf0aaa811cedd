# METADATA
# title: Pods have a purpose
# custom:
#   id: user/purpose
package own.purpose

import rego.v1
import data.lib.text

deny contains "the purpose label is missing" if {
	input.object.kind == "Pod"
	text.is_empty(object.get(input.object.metadata, ["labels", "purpose"], ""))
}
