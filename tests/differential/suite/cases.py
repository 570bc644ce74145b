"""Cases: one file per module, each case a task with what is there before it.

    module: ansible.builtin.file
    cases:
    - name: directory-new          # its sandbox is $D = /srv/d/<file>/<name>
      kind: create                 # create | same | change | failure | look: what Ansible must answer
      before: mkdir a              # bash in $D, before the round
      args: {path: $D/x}           # or free: a free-form text
      vars: {}                     # and environment, of the task
      round: 2                     # default 1: cases that share something of the host come after each other
      late: true                   # a failure that check mode cannot foresee
      after: {delegate_to: …}      # other keywords of the task

Failures come first: here a failure behind a change that check mode did not make is `unknown`.
"""

import copy
from dataclasses import dataclass, field

import yaml

KINDS = {"create", "same", "change", "failure", "look"}
SANDBOX = "/srv/d"


@dataclass
class Case:
    module_name: str
    name: str
    kind: str
    module: str
    args: object
    before: str = ""
    keywords: dict = field(default_factory=dict)
    round: int = 1
    lane: str = "files"
    late: bool = False

    @property
    def id(self):
        return f"{self.module_name}/{self.name}"

    @property
    def sandbox(self):
        return f"{SANDBOX}/{self.id}"

    def task(self):
        task = {"name": self.id, self.module: place(self.args, self.sandbox), "ignore_errors": True}
        task.update(place(self.keywords, self.sandbox))
        return task


def place(value, sandbox):
    """The value with `$D` replaced by the case's sandbox."""
    if isinstance(value, str):
        return value.replace("$D", sandbox)
    if isinstance(value, list):
        return [place(item, sandbox) for item in value]
    if isinstance(value, dict):
        return {place(key, sandbox): place(item, sandbox) for key, item in value.items()}
    return copy.copy(value)


def load(folder, wanted):
    """All cases, or those that `wanted` names (MODULE or MODULE/CASE)."""
    cases = []
    for path in sorted(folder.glob("*/*.yaml")):
        page = yaml.safe_load(path.read_text())
        for entry in page["cases"]:
            cases.append(read(path, page, dict(entry)))
    names = [case.id for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit(f"two cases have one name: {', '.join(sorted(twice))}")
    cases.sort(key=lambda case: 0 if case.kind == "failure" and not case.late else 2 if case.late else 1)
    chosen = [c for c in cases if not wanted or c.module_name in wanted or c.id in wanted]
    if not chosen:
        raise SystemExit("no such case")
    return chosen


def read(path, page, entry):
    kind, name = entry.pop("kind"), entry.pop("name")
    if kind not in KINDS:
        raise SystemExit(f"{path}: {name}: no such kind: {kind}")
    args = entry.pop("free") if "free" in entry else entry.pop("args", {})
    return Case(
        path.stem, name, kind, entry.pop("module", page["module"]), args, entry.pop("before", ""),
        lane=path.parent.name, round=entry.pop("round", 1), late=entry.pop("late", False), keywords=entry,
    )


def by_round(cases):
    rounds = {}
    for case in cases:
        rounds.setdefault(case.round, []).append(case)
    return rounds


def of_pass(name, cases):
    """The cases of a pass: only what changed something is done again."""
    return [case for case in cases if name != "again" or case.kind in ("create", "change")]


def playbook(cases):
    """The play of these cases, as text: the same for both sides."""
    play = {"hosts": "all", "gather_facts": False, "tasks": [case.task() for case in cases]}
    return yaml.safe_dump([play], sort_keys=False, width=1000)
