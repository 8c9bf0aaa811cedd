package main

deployment(containers) = {
  "kind": "Deployment",
  "metadata": {"name": "web", "labels": {"owner": "team-a"}},
  "spec": {"template": {"spec": {"containers": containers}}},
}

test_limit_is_required {
  deny["Deployment web: container app has no memory limit"] with input as deployment([{"name": "app", "image": "a:1"}])
}

test_latest_is_a_warning {
  count(warn) == 1 with input as deployment([{"name": "app", "image": "a:latest"}])
}

test_owner {
  count(deny_owner) == 0 with input as deployment([])
}
