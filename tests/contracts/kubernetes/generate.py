#!/usr/bin/env python3
"""Writes what a real API server says of its built-in kinds into the rehearsal's two tables.

    kubectl get --raw /openapi/v2 >v2.json
    KUBECONFIG=… python3 tests/contracts/kubernetes/generate.py v2.json [KUBECTL]

`kinds.txt`: a resource per line, as discovery has it. `schema.txt`: a type per line and its fields:
`s`tring `i`nteger `n`umber `b`oolean `q`uantity `x` integer or string `o` anything, `@Type`,
`[T` atomic list, `<T` set, `(key,key)T` list by keys, `{T` map, `!` before any of them atomic,
`*` after a field that must be there, `~key` after a list that a strategic merge patch merges by a key.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BASE = HERE.parents[2] / "src/rehearsal/kubernetes/base"
KUBECTL = sys.argv[2] if len(sys.argv) > 2 else "kubectl"
DEFINITIONS = json.load(open(sys.argv[1]))["definitions"]
GROUPS_LEFT_OUT = ("resource.k8s.io", "flowcontrol.apiserver.k8s.io", "node.k8s.io", "certificates.k8s.io")


def raw(path):
    return json.loads(subprocess.check_output([KUBECTL, "get", "--raw", path]))


def short(name):
    for prefix in ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apiextensions-apiserver.pkg.apis.",
                   "io.k8s.kube-aggregator.pkg.apis.", "io.k8s.apimachinery.pkg."):
        name = name.removeprefix(prefix)
    return name


def scalar(schema):
    kind, form = schema.get("type"), schema.get("format")
    if form == "int-or-string":
        return "x"
    return {"string": "s", "integer": "i", "number": "n", "boolean": "b"}.get(kind, "o")


def type_of(schema, needed):
    atomic = "!" if schema.get("x-kubernetes-map-type") == "atomic" else ""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        target = DEFINITIONS[name]
        if name.endswith("resource.Quantity"):
            return "q"
        if "properties" not in target:
            return atomic + type_of(target, needed)
        needed.append(name)
        return f"{atomic}@{short(name)}"
    if schema.get("type") == "array":
        item = type_of(schema["items"], needed)
        kind = schema.get("x-kubernetes-list-type", "atomic")
        if kind == "map":
            return f"({','.join(schema['x-kubernetes-list-map-keys'])}){item}"
        return ("<" if kind == "set" else "[") + item
    if "additionalProperties" in schema:
        return f"{atomic}{{{type_of(schema['additionalProperties'], needed)}"
    return scalar(schema)


def field(name, schema, required):
    needed = []
    text = f"{name}{'*' if name in required else ''}:{type_of(schema, needed)}"
    if "merge" in schema.get("x-kubernetes-patch-strategy", ""):
        text += "~" + schema.get("x-kubernetes-patch-merge-key", "")
    return text, needed


def main():
    kinds, wanted = [], []
    by_gvk = {}
    for name, definition in DEFINITIONS.items():
        for gvk in definition.get("x-kubernetes-group-version-kind", []):
            by_gvk.setdefault((gvk["group"], gvk["version"], gvk["kind"]), name)
    versions = [("", "v1", "/api/v1")]
    for group in raw("/apis")["groups"]:
        if group["name"] in GROUPS_LEFT_OUT:
            continue
        versions += [(group["name"], v["version"], f"/apis/{v['groupVersion']}") for v in group["versions"]]
    for group, version, path in versions:
        resources = raw(path)["resources"]
        for resource in resources:
            if "/" in resource["name"]:
                continue
            subs = [r["name"].split("/", 1)[1] for r in resources if r["name"].startswith(resource["name"] + "/")]
            definition = by_gvk.get((group, version, resource["kind"]))
            wanted.append(definition)
            kinds.append(" ".join([
                group or "-", version, resource["name"], resource["singularName"] or "-", resource["kind"],
                "namespaced" if resource["namespaced"] else "cluster", ",".join(resource["verbs"]),
                ",".join(resource.get("shortNames", [])) or "-", ",".join(resource.get("categories", [])) or "-",
                ",".join(subs) or "-", short(definition),
            ]))
    for name in ("autoscaling.v1.Scale", "policy.v1.Eviction", "authentication.v1.TokenRequest"):
        wanted.append("io.k8s.api." + name)
    lines, seen = [], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        definition = DEFINITIONS[name]
        fields = []
        for key, schema in definition.get("properties", {}).items():
            text, needed = field(key, schema, definition.get("required", []))
            fields.append(text)
            wanted += needed
        atomic = "!" if definition.get("x-kubernetes-map-type") == "atomic" else ""
        lines.append(" ".join([atomic + short(name), *fields]))
    BASE.mkdir(exist_ok=True)
    (BASE / "kinds.txt").write_text("\n".join(kinds) + "\n")
    (BASE / "schema.txt").write_text("\n".join(sorted(lines)) + "\n")


main()
