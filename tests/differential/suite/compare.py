"""What differs between the two sides: results of tasks, and what the hosts are like afterwards."""

import fnmatch
import os
import re
from dataclasses import dataclass

from cases import SANDBOX, of_pass

ABSENT = "(nothing)"
# Fields of a result that say nothing about the host: how Ansible was called, how long it took, where it
# kept a file in between; and what differs from host to host.
NOISE = {
    "invocation", "warnings", "deprecations", "exception", "action", "msg", "diff", "status", "_ansible_no_log", "start", "end",
    "delta", "inode", "dev", "atime", "ctime", "elapsed", "ansible_facts", "failed", "changed", "md5sum", "skipped", "pid",
    "fingerprint", "public_key", "serial_number", "notBefore", "notAfter", "not_before", "not_after", "failed_when_suppressed_exception", "version", "device_type", "attributes", "attr_flags", "block_size", "blocks", "_ansible_verbose_always",
    "_ansible_verbose_override", "date", "cache_update_time",
}
RANDOM = re.compile(r"/(random|ansible)\.\w{8}")  # names that tempfile made
BACKUP = re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~")


@dataclass
class Difference:
    """One thing that differs; `key` is what known.yaml names it by."""

    case: str
    key: str
    ansible: object
    ours: object
    note: str = ""

    @property
    def module(self):
        return self.case.split("/")[0]

    def __str__(self):
        note = f" ({self.note})" if self.note else ""
        return f"DIFFERS {self.case}: {self.key}{note}\n   ansible: {str(self.ansible)[:700]}\n   here:    {str(self.ours)[:700]}"


def everything(cases, results, states, fetched):
    found = []
    for case in cases:
        for name, sides in results.items():
            if of_pass(name, [case]):
                found += task(case, name, *(side.get(case.id) for side in sides))
        found += predicted(case, results)
        found += as_meant(case, results)
    owners = sorted((case.sandbox, case.id) for case in cases)
    for name, (theirs, ours) in states.items():
        found += state(owners, name, theirs, ours)
    found += untouched(owners, states)
    found += state(owners, "fetched", *fetched)
    return found


def outcome(result, field):
    return bool(result.get(field, False))


def task(case, name, theirs, ours):
    if theirs is None or ours is None:
        say = lambda side: "never ran" if side is None else "ran"
        return [Difference(case.id, f"{name} ran", say(theirs), say(ours))]
    found = []
    for field in ("changed", "failed", "skipped", "unreachable"):
        if outcome(theirs, field) != outcome(ours, field):
            note = f"ansible: {str(theirs.get('msg', ''))[:300]!r}; here: {str(ours.get('msg', ''))[:300]!r}"
            found.append(Difference(case.id, f"{name} {field}", outcome(theirs, field), outcome(ours, field), note))
    if found or outcome(theirs, "failed") or outcome(theirs, "skipped"):
        return found
    return fields(case, name, flat(theirs), flat(ours))


def fields(case, name, theirs, ours):
    found = []
    for field, value in theirs.items():
        if field not in ours:
            found.append(Difference(case.id, f"{name} lacks {field}", value, ABSENT))
        elif ordered(plain(value)) != like(ordered(plain(value)), ordered(plain(ours[field]))):
            found.append(Difference(case.id, f"{name} result {field}", value, ours[field]))
    return found


def ordered(value):
    """Entries of a folder come in any order."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "path" in item for item in value):
        return sorted(value, key=lambda item: item["path"])
    return value


def like(theirs, ours):
    """Our list of mappings, with the fields that Ansible's have: more fields are no difference."""
    if not (isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours)):
        return ours
    both = zip(theirs, ours)
    return [{k: v for k, v in b.items() if k in a} if isinstance(a, dict) and isinstance(b, dict) else b for a, b in both]


def flat(value, prefix=""):
    """Fields of mappings within mappings as `a.b`; without the noise."""
    out = {}
    for key, item in value.items():
        if key in NOISE:
            continue
        if isinstance(item, dict) and item:
            out.update(flat(item, f"{prefix}{key}."))
        else:
            out[f"{prefix}{key}"] = item
    return out


def plain(value):
    """Without what differs from host to host and from run to run."""
    if isinstance(value, list):
        return [plain({k: v for k, v in item.items() if k not in NOISE} if isinstance(item, dict) else item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and value > 1.5e9:
        return "new"
    if isinstance(value, str):
        value = RANDOM.sub(r"/\1.NAME", BACKUP.sub(".BACKUP~", value))
        value = re.sub(r" in \d+s \([\d.,]+ k?B/s\)", " in TIME", value)
        value = re.sub(r"\b10\.231\.\d\.1[12]\b", "ADDRESS", value)
        return re.sub(r"\bhost[12]\b", "HOST", re.sub(r"/\S*/(ansible|ours)/control", "CONTROL", value))
    return value


def predicted(case, results):
    """Check mode must have said what then happened, here; unless the module cannot look first."""
    check, run = (results[name][1].get(case.id) for name in ("check", "run"))
    if check is None or run is None or outcome(check, "skipped"):
        return []
    return [
        Difference(case.id, f"predicts {field}", f"check: {outcome(check, field)}", f"run: {outcome(run, field)}",
                   f"here; ansible's check: {outcome(results['check'][0].get(case.id) or {}, field)}")
        for field in ("changed", "failed") if outcome(check, field) != outcome(run, field)
    ]


def as_meant(case, results):
    """A case must be of the kind it claims, by Ansible's own answer."""
    run = results["run"][0].get(case.id)
    if run is None:
        return []
    meant = (case.kind in ("create", "change"), case.kind == "failure")
    was = (outcome(run, "changed"), outcome(run, "failed"))
    if meant == was or (case.kind == "failure" and was[1]):
        return []
    return [Difference(case.id, f"kind {case.kind}", f"changed {was[0]}, failed {was[1]}", "a case of another kind", str(run.get("msg", ""))[:300])]


def owner(owners, what):
    path = what.split()[-1] if what.startswith("unit") else what
    for sandbox, case in owners:
        if path == sandbox or path.startswith(sandbox + "/"):
            return case
    return f"host/{'sandbox' if path.startswith(SANDBOX) else 'state'}"


def state(owners, name, theirs, ours):
    found = []
    for what in sorted({*theirs, *ours}):
        left, right = theirs.get(what, ABSENT), ours.get(what, ABSENT)
        if plain(left) != plain(right):
            found.append(Difference(owner(owners, what), f"after {name} {what}", left, right))
    return found


def untouched(owners, states):
    """Check mode must have left our host as it was."""
    before, after = states["before"][1], states["check"][1]
    return [
        Difference(owner(owners, what), f"check touched {what}", "before: " + before.get(what, ABSENT), "after: " + after.get(what, ABSENT))
        for what in sorted({*before, *after}) if before.get(what) != after.get(what)
    ]


def tree(folder):
    """What is in a folder of the controller."""
    found = {}
    for top, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(top, name)
            with open(path, "rb") as file:
                found[f"{SANDBOX}/fetch/{os.path.relpath(path, folder)}"] = repr(file.read()[:200])
    return found


def matches(pattern, difference):
    return fnmatch.fnmatchcase(f"{difference.case}: {difference.key}", pattern)
