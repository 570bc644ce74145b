"""Differences that are meant: known.yaml, and its twin in docs/ansible.md.

    - module: file
      what: in words
      why: the reason
      differs: ["file/recurse: check result mode", …]     # globs over `CASE: KEY`, with {this,that}
"""

import re
from pathlib import Path

import yaml

import cases
import compare

FIELD = re.compile(r" (lacks|result) [\w.]+\*?$")
HERE = Path(__file__).resolve().parent.parent
TABLE = HERE / "known.yaml"
DOC = HERE.parent.parent / "docs" / "ansible.md"
BEGIN, END = "<!-- differences: begin (tests/differential/run --doc) -->", "<!-- differences: end -->"


def load():
    table = yaml.safe_load(TABLE.read_text()) or []
    for entry in table:
        for key in ("module", "what", "why"):
            if not str(entry.get(key, "")).strip():
                raise SystemExit(f"known.yaml: an entry has no `{key}`: {entry}")
        entry["differs"] = [one for pattern in entry.get("differs", []) for one in expand(pattern)]
        for pattern in entry["differs"]:
            case, _, key = pattern.partition(": ")
            if "*" in case.split("/")[0] or (case.endswith("/*") and not FIELD.search(key)):
                raise SystemExit(f"known.yaml: too wide: {pattern}: name the file, and the case unless it is about one field of results")
    return table


def expand(pattern):
    """`a{b,c}` as `ab` and `ac`: each of them must still differ."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if not found:
        return [pattern]
    return [one for word in found[1].split(",") for one in expand(pattern[: found.start()] + word.strip() + pattern[found.end() :])]


def sort(table, found, complete):
    """New differences, and patterns that no difference matches (when all cases ran)."""
    patterns = [(entry, pattern) for entry in table for pattern in entry["differs"]]
    used, new = set(), []
    for difference in found:
        hits = [i for i, (_, pattern) in enumerate(patterns) if compare.matches(pattern, difference)]
        used.update(hits)
        if not hits:
            new.append(difference)
    stale = [f"{entry['module']}: {pattern}" for i, (entry, pattern) in enumerate(patterns) if i not in used]
    return new, stale if complete else []


def modules():
    """How many cases each module has, by what Ansible answers."""
    count = {}
    for case in cases.load(HERE / "cases", []):
        count.setdefault(case.module.rsplit(".", 1)[-1], []).append(case.kind)
    lines = ["| module | cases | create, change | no change | failure |", "|---|---|---|---|---|"]
    for name, kinds in sorted(count.items()):
        of = lambda *some: sum(kind in some for kind in kinds)
        lines.append(f"| {name} | {len(kinds)} | {of('create', 'change')} | {of('same', 'look')} | {of('failure')} |")
    return [*lines, ""]


def section(table):
    lines = [BEGIN, *modules(), "| module | Ansible and here | why |", "|---|---|---|"]
    lines += [f"| {e['module']} | {e['what']} | {e['why']} |" for e in sorted(table, key=lambda e: (e["module"], e["what"]))]
    return "\n".join([*lines, END])


def doc_differs(table):
    text = DOC.read_text()
    if section(table) not in text:
        return "docs/ansible.md and tests/differential/known.yaml disagree"
    return ""


def write_doc():
    text = DOC.read_text()
    start, end = text.index(BEGIN), text.index(END) + len(END)
    DOC.write_text(text[:start] + section(load()) + text[end:])
    return 0
