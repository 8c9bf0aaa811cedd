#!/usr/bin/env python3
"""Writes src/flink/catalog/options.tsv from the output of DumpOptions.java for each Flink release.

    make_table.py 1.16.tsv 1.17.tsv … > src/flink/catalog/options.tsv

The oldest release is first; the name of a file is the release. by-hand.tsv and operator.tsv in this
folder are copied as they are.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent

# Options of tables, catalogs and hints in SQL, which are not in a configuration.
IN_SQL = (
    "org.apache.flink.connector.base.table.",
    "org.apache.flink.connector.datagen.table.",
    "org.apache.flink.connector.file.table.",
    "org.apache.flink.connector.print.table.",
    "org.apache.flink.formats.",
    "org.apache.flink.table.api.config.LookupJoinHintOptions",
    "org.apache.flink.table.api.config.MLPredictRuntimeConfigOptions",
    "org.apache.flink.table.api.config.VectorSearchRuntimeConfigOptions",
    "org.apache.flink.table.catalog.FileCatalogStoreFactoryOptions",
    "org.apache.flink.table.catalog.GenericInMemoryCatalogFactoryOptions",
    "org.apache.flink.table.connector.",
    "org.apache.flink.table.module.",
    "org.apache.flink.table.planner.hint.",
    "org.apache.flink.table.planner.utils.",
    "org.apache.flink.table.runtime.arrow.",
    "org.apache.flink.table.sinks.",
    "org.apache.flink.table.utils.python.",
    "org.apache.flink.table.filesystem.",
    "org.apache.flink.streaming.api.graph.StreamConfig",
)

# Classes that also declare keys for use after a prefix, and the prefixes of all other keys.
RELATIVE = {
    "EventOptions": ("events.",),
    "MetricOptions": ("metrics.",),
    "TraceOptions": ("traces.",),
    "SecurityOptions": ("security.", "zookeeper."),
    "CommonCatalogOptions": ("table.",),
    "FactoryUtil": ("table.", "sql-gateway.", "workflow-scheduler."),
    "MaterializedTableConfigOptions": ("materialized-table.",),
}


def main(files):
    versions = [pathlib.Path(file).stem for file in files]
    releases = [read(file) for file in files]
    rows = set()
    for key in set().union(*releases):
        options = [release.get(key) for release in releases]
        obsolete = first(versions, [option is not None and option["deprecated"] for option in options])
        for since, until, (kind, words) in spans(versions, [option and (option["type"], option["words"]) for option in options]):
            rows.add((key, kind, since, until, obsolete, words))
    for kind, field in (("alias", "older"), ("fallback", "fallbacks")):
        names = {(name, key) for release in releases for key, option in release.items() for name in option[field]}
        for name, key in names:
            there = [name in release[key][field] or None if key in release else None for release in releases]
            for since, until, _ in spans(versions, there):
                rows.add((name, kind, since, until, "-", key))
    for file in ("by-hand.tsv", "operator.tsv"):
        rows.update(tuple(line.split("\t")) for line in (HERE / file).read_text(encoding="utf-8").splitlines())

    print("versions\t" + "\t".join(versions))
    # Options before aliases and fallbacks: the first line that applies to a release counts.
    for row in sorted(rows, key=lambda row: (row[0].encode(), row[1] == "fallback", row[1] == "alias", order(versions, row[2]), row)):
        print("\t".join(row))


def read(file):
    """The options of one release. If two classes declare a key, the declaration that is not deprecated counts."""
    found = {}
    for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines():
        key, kind, words, deprecated, older, fallbacks, declared_in = line.split("\t")
        beginnings = RELATIVE.get(declared_in.rsplit(".", 1)[-1], ("",))
        if declared_in.startswith(IN_SQL) or any(mark in key for mark in "<#") or not key.startswith(beginnings):
            continue
        if kind == "Enum" and not words:
            kind = "String"
        option = {
            "type": kind,
            "words": words or "-",
            "deprecated": bool(deprecated),
            "older": older.split("|") if older else [],
            "fallbacks": fallbacks.split("|") if fallbacks else [],
        }
        if key not in found or found[key]["deprecated"]:
            found[key] = option
    return found


def spans(versions, values):
    """(since, until, value) for each run of releases with the same value; `-` for the oldest and the newest release."""
    start = 0
    for index in range(1, len(values) + 1):
        if index == len(values) or values[index] != values[start]:
            if values[start] is not None:
                yield (versions[start] if start else "-", versions[index - 1] if index < len(values) else "-", values[start])
            start = index


def first(versions, flags):
    return next((version for version, flag in zip(versions, flags) if flag), "-")


def order(versions, version):
    return versions.index(version) if version in versions else -1


if __name__ == "__main__":
    main(sys.argv[1:])
