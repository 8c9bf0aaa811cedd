package main

import future.keywords.contains
import future.keywords.if

violation contains {"msg": "no labels"} if not input.metadata.labels
