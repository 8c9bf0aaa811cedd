package library.image_provenance_test

import data.library.image_provenance
import rego.v1

cluster(registry, annotations) := {
	"request": {"kind": {"kind": "FlinkDeployment"}},
	"object": {"metadata": {"annotations": annotations}},
	"flink": {"pods": [{"containers": [{"image": {"registry": registry}}]}]},
}

complete := {
	"org.opencontainers.image.source": "https://git.example.com/payments/etl",
	"org.opencontainers.image.revision": "9fceb02d0ae598e95dc970b74767f19372d61af8",
}

messages(found) := {finding.msg | some finding in found}

test_complete_annotations_pass if {
	count(image_provenance.deny) == 0 with input as cluster("registry.example.com", complete)
}

test_missing_annotations_are_denied if {
	found := image_provenance.deny with input as cluster("registry.example.com", {})
	messages(found) == {
		"annotation `org.opencontainers.image.source` is missing",
		"annotation `org.opencontainers.image.revision` is missing",
	}
}

test_a_branch_is_no_revision if {
	annotations := object.union(complete, {"org.opencontainers.image.revision": "main"})
	found := image_provenance.deny with input as cluster("registry.example.com", annotations)
	messages(found) == {"annotation `org.opencontainers.image.revision` is `main`"}
}

test_a_repository_elsewhere_is_denied if {
	annotations := object.union(complete, {"org.opencontainers.image.source": "https://github.com/x/etl"})
	found := image_provenance.deny with input as cluster("registry.example.com", annotations)
	count(found) == 1
}

test_images_of_others_pass if {
	count(image_provenance.deny) == 0 with input as cluster("docker.io", {})
}

test_pods_pass if {
	document := object.union(cluster("registry.example.com", {}), {"request": {"kind": {"kind": "Pod"}}})
	count(image_provenance.deny) == 0 with input as document
}
