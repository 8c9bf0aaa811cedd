package owner_test
import rego.v1
import data.owner
test_owner if count(owner.deny) == 1 with input as {"flink": {}, "object": {}}
