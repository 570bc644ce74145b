#!/usr/bin/env python3
"""Writes what ansible-core really answers beside each expression.

Reads sources/*.yaml (variables, templates, conditions) and writes *.yaml with `expected` (the
value) or `error`. Run it with the Python of a virtual environment that has ansible-core 2.19 or
later, the collections ansible.utils and community.general, netaddr, jmespath and passlib:

    python tests/templates/generate.py

The test that reads the results needs none of them.
"""
import json
import os
import pathlib
import re
import sys

os.environ.setdefault("ANSIBLE_DEPRECATION_WARNINGS", "0")
os.environ["LOOKUP_TEST"] = "from the environment"
os.environ["HOME"] = "/home/me"

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

HERE = pathlib.Path(__file__).resolve().parent


def trusted(value):
    if isinstance(value, dict):
        return {trusted(k): trusted(v) for k, v in value.items()}
    if isinstance(value, list):
        return [trusted(v) for v in value]
    if isinstance(value, str):
        return trust_as_template(value.replace("FILES", str(HERE / "files")))
    return value


def plain(value):
    """JSON as Ansible gives it to a module."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)


def kind(error):
    name = type(error).__name__
    text = str(error)
    if "ndefined" in name or "not defined" in text or "is undefined" in text:
        return "undefined"
    if "No filter named" in text or "No test named" in text or "NotFound" in name:
        return "unknown name"
    if "Syntax" in name:
        return "syntax"
    if "BrokenConditional" in name:
        return "not boolean"
    return "failed"


# YAML has no surrogate pairs.
pairs = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\\\")


def wide(found):
    if found[1] is None:
        return found[0]
    high, low = int(found[1], 16), int(found[2], 16)
    return "\\U%08x" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def outcome(run):
    try:
        return {"expected": plain(run())}
    except Exception as error:
        return {"error": kind(error), "ansible": str(error).splitlines()[0][:160].replace(str(HERE), ".")}


def main():
    init_plugin_loader()
    loader = DataLoader()
    total = 0
    for source in sorted((HERE / "sources").glob("*.yaml")):
        given = yaml.safe_load(source.read_text())
        variables = trusted(given.get("vars", {}))
        templar = Templar(loader=loader, variables=variables)
        cases = []
        for text in given.get("cases", []):
            case = outcome(lambda: templar.template(trusted(text)))
            cases.append({"template": text, **case})
        for text in given.get("conditions", []):
            case = outcome(lambda: templar.evaluate_conditional(trusted(text)))
            cases.append({"condition": text, **case})
        total += len(cases)
        with open(HERE / source.name, "w") as out:
            out.write(f"# Written by generate.py from sources/{source.name}; do not edit.\n")
            text = yaml.safe_dump(given.get("vars", {}), default_flow_style=True, width=10**9, sort_keys=False)
            out.write("vars: " + text.strip() + "\ncases:\n")
            for case in cases:
                out.write("- " + pairs.sub(wide, json.dumps(case)).replace(str(HERE / "files"), "FILES") + "\n")
    print(total, "cases", file=sys.stderr)


main()
