#!/usr/bin/env python3
"""Prints the fields of the custom resources of Flink's operators as one table.

usage: make_schemas.py FOLDER > src/flink/schemas/fields.tsv

FOLDER has one folder an operator (apache, flinkcluster, lyft), each with one folder a release, each
with the operator's custom resource definitions. src/flink/schemas/README.md says how to make it and
what the columns mean.
"""
import pathlib
import re
import sys

import yaml

# The operators, each with its releases, oldest first.
OPERATORS = ["apache", "flinkcluster", "lyft"]

# The fields of ObjectMeta, which no definition has, and which every API server reads.
METADATA_MAPS = ["annotations", "labels"]


# Lyft's definitions, whose API server keeps unknown fields, name one field of a volume, and
# `additionalProperties` as if it were a field of a map.
LEFT_OPEN = [["additionalProperties:s"], ["name:s!"]]


def release_order(name):
    if not re.match(r"[a-z]*-?[0-9]", name):
        return (1, [], name)
    family, _, rest = name.rpartition("-")
    return (0, [family, *[int(number) for number in re.findall(r"\d+", rest)]], name)


def normal(schema, closed):
    """A schema as a tuple: its kind first."""
    preserves = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if schema.get("x-kubernetes-int-or-string"):
        return ("q",)
    kind = schema.get("type")
    if kind == "string":
        return ("enum", tuple(schema["enum"])) if "enum" in schema else ("s",)
    if kind in ("integer", "number"):
        return (kind[0], schema.get("minimum"), schema.get("maximum"))
    if kind == "boolean":
        return ("b",)
    if kind == "array":
        return ("list", normal(schema["items"], closed))
    if kind == "object":
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            return ("map", normal(values, closed))
        properties = schema.get("properties")
        if not properties:
            # An object without fields keeps none, unless the definition keeps unknown ones.
            keeps = preserves or values is True or not closed
            return ("o",) if keeps else ("object", {}, frozenset(), False)
        required = {
            name for name in schema.get("required", []) if "default" not in properties.get(name, {})
        }
        fields = {name: normal(field, closed) for name, field in properties.items()}
        return ("object", fields, frozenset(required), bool(preserves))
    return ("x",)


class Table:
    """Nodes, each written once."""

    def __init__(self):
        self.lines = {}

    def node(self, line):
        return str(self.lines.setdefault(line, len(self.lines)))


def shape(node):
    """What two releases must have in common to be one alternative."""
    if node[0] == "object":
        return (node[0], node[3])
    return node[0] if node[0] in ("enum", "list", "map") else node


def at(mask, all_of):
    return "" if mask == all_of else f"@{mask:x}"


def bounds(node):
    low, high = (("" if bound is None else str(bound)) for bound in node[1:])
    return f"[{low}..{high}]" if low or high else ""


def merge(by_release, table):
    """The alternatives of one place over all releases: masks of releases and references."""
    groups = {}
    for bit, node in by_release:
        groups.setdefault(shape(node), []).append((bit, node))
    alternatives = []
    for members in groups.values():
        mask = sum(bit for bit, _ in members)
        alternatives.append((mask, reference(members, mask, table)))
    return alternatives


def reference(members, mask, table):
    kind = members[0][1][0]
    if kind in ("s", "b", "q", "x", "o"):
        return kind
    if kind in ("i", "n"):
        return kind + bounds(members[0][1])
    if kind in ("list", "map"):
        inner = merge([(bit, node[1]) for bit, node in members], table)
        # The newest release decides over a list whose elements changed their kind.
        return kind[0] + max(inner)[1]
    if kind == "enum":
        words = {}
        for bit, node in members:
            for word in node[1]:
                words[word] = words.get(word, 0) | bit
        return table.node("\t".join(["enum", *(word + at(words[word], mask) for word in words)]))
    fields = {}
    required = {}
    for bit, node in members:
        for name, field in node[1].items():
            fields.setdefault(name, []).append((bit, field))
        for name in node[2]:
            required[name] = required.get(name, 0) | bit
    cells = ["open" if members[0][1][3] else "object"]
    for name in sorted(fields):
        for alternative, inner in merge(fields[name], table):
            demanded = required.get(name, 0) & alternative
            mark = ""
            if demanded:
                mark = "!" if demanded == alternative else f"!{demanded:x}"
            cells.append(f"{name}:{inner}{at(alternative, mask)}{mark}")
    if cells[1:] in LEFT_OPEN:
        cells[0] = "open"
    return table.node("\t".join(cells))


def metadata():
    """ObjectMeta as an API server decodes it."""
    text, number = ("s",), ("i", None, None)
    owner = ("object", {"apiVersion": text, "blockOwnerDeletion": ("b",), "controller": ("b",),
                        "kind": text, "name": text, "uid": text}, frozenset(), False)
    fields = {name: ("map", text) for name in METADATA_MAPS}
    fields |= {name: text for name in ["creationTimestamp", "deletionTimestamp", "generateName", "name",
                                       "namespace", "resourceVersion", "selfLink", "uid"]}
    fields |= {"deletionGracePeriodSeconds": number, "generation": number,
               "finalizers": ("list", text), "managedFields": ("x",), "ownerReferences": ("list", owner)}
    return ("object", fields, frozenset(), False)


def definitions(folder):
    """Kind, group, version and root of every definition of a release."""
    for path in sorted(folder.iterdir()):
        definition = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        spec = definition["spec"]
        # Definitions of v1beta1 keep unknown fields below an object without fields.
        closed = definition["apiVersion"].endswith("/v1")
        for version in spec.get("versions") or [{"name": spec.get("version")}]:
            schema = version.get("schema") or spec["validation"]
            root = normal(schema["openAPIV3Schema"], closed)
            fields = dict(root[1]) | {"apiVersion": ("s",), "kind": ("s",), "metadata": metadata()}
            # A status sub-resource is dropped from what users write.
            fields["status"] = ("x",)
            names = (spec["group"], version["name"], spec["names"]["kind"])
            yield names, ("object", fields, root[2] - {"status"}, False)


def main(folder):
    table = Table()
    header = []
    roots = []
    for operator in OPERATORS:
        releases = sorted((path.name for path in (folder / operator).iterdir()), key=release_order)
        header.append("\t".join(["operator", operator, *releases]))
        by_kind = {}
        for index, release in enumerate(releases):
            for names, root in definitions(folder / operator / release):
                by_kind.setdefault(names, []).append((1 << index, root))
        for (group, version, kind), members in sorted(by_kind.items()):
            mask = sum(bit for bit, _ in members)
            roots.append("\t".join(["kind", operator, group, version, kind, f"{mask:x}",
                                    reference(members, mask, table)]))
    for line in [*header, *roots, *table.lines]:
        print(line)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
