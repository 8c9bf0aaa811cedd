#!/usr/bin/env python3
"""Makes src/flink/catalog/options.tsv from two dumps of option classes.

    tools/option-catalog/compact.py FLINK.json OPERATOR.json > src/flink/catalog/options.tsv

FLINK.json holds, for every option that Flink's classes declare, its type, the releases that have it, and its other
names; OPERATOR.json the same for the operator. src/flink/catalog/README.md tells their form and where they come from.
"""

import json
import sys

OPEN_ELSEWHERE = ("kubernetes.operator.", "job.autoscaler.")


def main(flink_file, operator_file):
    with open(flink_file, encoding="utf-8") as file:
        flink = json.load(file)
    with open(operator_file, encoding="utf-8") as file:
        operator = json.load(file)
    versions = flink["versions"]
    rows = []

    def row(key, kind, since="-", until="-", obsolete="-", detail="-"):
        if key.endswith(">"):  # whatever follows is the user's
            key, kind, since, until, obsolete, detail = key[: key.index("<")], "open", "-", "-", "-", "-"
        rows.append((key, kind, since or "-", until or "-", obsolete or "-", detail or "-"))

    for key, option in flink["options"].items():
        for span in spans(option, versions):
            row(key, *span)
    for key, targets in flink["aliasDetail"].items():
        for target in targets:
            row(key, "fallback" if target.get("fallback") else "alias", target["from"], target["until"], None, target["to"])
    for prefix, suffixes in flink["templates"].items():
        for suffix, option in suffixes.items():
            row(prefix + suffix, kind(option), option.get("since"), option.get("until"), None, values(option))
    for prefix in flink["prefixes"]:
        if not prefix.startswith(OPEN_ELSEWHERE):
            row(prefix.removesuffix("*"), "open")
    for prefix in flink["closedPrefixes"]:
        row(prefix, "closed")
    for key in flink["shellOnly"] + operator["internal"]:
        row(key, "String")

    # Which operator runs is not known here: its options count as read by any.
    for key, option in operator["options"].items():
        if key not in operator["aliases"]:
            newest = [span for span in spans(option, operator["versions"])][-1]
            row(key, newest[0], None, None, None, newest[4])
    for key, target in operator["aliases"].items():
        row(key, "alias", None, None, None, target)
    for prefix in operator["prefixes"]:
        if prefix not in ("kubernetes.operator.job.autoscaler.*",):
            row(prefix.removesuffix("*"), "open")
    for key, option in operator["autoscalerStandalone"].items():
        row(key, kind(option), None, None, None, values(option))

    print("versions\t" + "\t".join(versions))
    # Ordinary readings before fallbacks: the first that holds for a version is the one that counts.
    for line in sorted(set(rows), key=lambda row: (row[0].encode(), row[1] == "fallback", row[1] == "alias", row[2], row)):
        print("\t".join(line))


def spans(option, versions):
    """One row for every type or set of values that the option has had."""
    current = dict(option)
    found = []
    since = option.get("since")
    for change in sorted(option.get("changes", []), key=lambda change: versions.index(change["version"])):
        if "type" in change or "values" in change:
            before = versions[versions.index(change["version"]) - 1]
            found.append((kind(current), since, before, option.get("obsoleteSince"), values(current)))
            if "type" in change:
                current.pop("values", None)
            current.update({name: change[name] for name in ("type", "values") if name in change})
            since = change["version"]
    found.append((kind(current), since, option.get("until"), option.get("obsoleteSince"), values(current)))
    return found


def kind(option):
    """An enum without its values says no more than a text."""
    return "String" if option["type"] == "Enum" and not option.get("values") else option["type"]


def values(option):
    return "|".join(option.get("values") or []) or None


if __name__ == "__main__":
    main(*sys.argv[1:])
