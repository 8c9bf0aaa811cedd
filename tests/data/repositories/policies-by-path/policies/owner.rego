# METADATA
# title: Owners
# description: Every job has an owner.
package owner
import rego.v1
deny contains "no label `owner`" if {
	input.flink
	not input.object.metadata.labels.owner
}
