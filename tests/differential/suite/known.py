"""Differences that are meant: known.yaml, and its twin in docs/ansible.md.

    - module: file
      what: in words
      why: the reason
      differs: ["file/recurse: check result mode", …]     # globs over `CASE: KEY`
"""

from pathlib import Path

import yaml

import compare

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
    return table


def sort(table, found, complete):
    """New differences, and patterns that no difference matches (when all cases ran)."""
    patterns = [(entry, pattern) for entry in table for pattern in entry.get("differs", [])]
    used, new = set(), []
    for difference in found:
        hits = [i for i, (_, pattern) in enumerate(patterns) if compare.matches(pattern, difference)]
        used.update(hits)
        if not hits:
            new.append(difference)
    stale = [f"{entry['module']}: {pattern}" for i, (entry, pattern) in enumerate(patterns) if i not in used]
    return new, stale if complete else []


def section(table):
    lines = [BEGIN, "| module | Ansible and here | why |", "|---|---|---|"]
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
