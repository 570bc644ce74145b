"""Ansible's side as it was recorded: what a round answered and left on its host, by the hash of all that it depends on.

Ansible's answers depend on its version and Python, the hosts' image, the cases, and the files of this suite. While none of
these changed, asking again only costs minutes; our side is compared with what was recorded, by the same code. A record is
kept only of a run in which all cases ran and no new difference was found, and a new difference beside a record is not
believed before Ansible was asked again (main.py). `$LAB_CACHE/differential/HASH.json.gz`; two weeks unused, it goes.
"""

import gzip
import hashlib
import json
import os
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
KEEP = 14 * 86400  # seconds


class Round:
    """The record of one round on this machine, there or not."""

    def __init__(self, lab, cases, depends):
        self.lab, self.ids = lab, sorted(case.id for case in cases)
        self.hash = hashlib.sha256("\0".join(depends).encode()).hexdigest()
        folder = Path(os.environ.get("LAB_CACHE", "/var/cache/nautes-lab")) / "differential"
        self.path = folder / f"{self.hash[:24]}.json.gz"

    def load(self):
        """`{results: {pass: …}, states: {when: …}, fetched: …}` of Ansible's side, or nothing."""
        try:
            text = gzip.decompress(self.path.read_bytes()).decode()
            for here, neutral in own(self.lab):
                text = text.replace(neutral, here)
            said = json.loads(text)
        except (OSError, ValueError, EOFError):
            return None
        if said["hash"] != self.hash or sorted(said["results"]["run"]) != self.ids:
            return None
        os.utime(self.path)
        return said

    def save(self, seen):
        """Keeps Ansible's side, the first of each two."""
        said = {part: {name: sides[0] for name, sides in both.items()} for part, both in seen.items()}
        if sorted(said["results"]["run"]) != self.ids:
            return  # not all of them ran: the comparison says so
        text = json.dumps({"hash": self.hash, **said})
        for here, neutral in own(self.lab):
            text = text.replace(here, neutral)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(f".{os.getpid()}")
        new.write_bytes(gzip.compress(text.encode(), 6))
        new.replace(self.path)
        for old in self.path.parent.glob("*"):
            if old.stat().st_mtime < time.time() - KEEP:
                old.unlink()


def own(lab):
    """What in answers and states belongs to this lab and not to Ansible, with a name for it that any lab has."""
    state = Path(lab.state)
    key = (state / "id_ed25519.pub").read_text().split()[1]
    signer = repr((state / "mirror/packages.lab.test/key.asc").read_text())  # as snap.py tells a small file
    today = int(time.time() // 86400)  # /etc/shadow tells on which day a password was set
    net = os.environ["NAUTES_LAB_MIRROR"].split("//")[1].split(":")[0].rsplit(".", 1)[0]
    return [(key, "@KEY@"), (json.dumps(signer)[1:-1], "@SIGNER@"), (lab.scratch, "@SCRATCH@"), (f"{net}.", "@NET@."),
            (f":{today}:", ":@TODAY@:")]


def of_rounds(lab, rounds):
    """The records of rounds that follow each other on the same hosts: each depends on those before it."""
    depends, records = common(lab), []
    for cases in rounds:
        depends = [*depends, "round", *(repr(case) for case in cases)]
        records.append(Round(lab, cases, depends))
    return records


def common(lab):
    """What all of Ansible's answers depend on: the host, and the files that make hosts, Ansible and the suite."""
    parts = [lab.ssh("host1", "uname -r; python3 -VV; cat /var/lib/dpkg/status")]
    files = [HERE / "setup", *(HERE.parent / "lab" / name for name in ("lib/make-base", "lib/make-python", "lib/host.sh", "apt/make-repo"))]
    of_answers = {HERE / "suite" / name for name in ("compare.py", "known.py")}  # these only read the answers
    for folder in ("suite", "files", "templates"):
        files += sorted(path for path in (HERE / folder).rglob("*") if "__pycache__" not in path.parts and path not in of_answers)
    for path in files:
        if path.is_file():
            parts += [str(path.relative_to(HERE.parent)), oct(path.stat().st_mode), hashlib.sha256(path.read_bytes()).hexdigest()]
    return parts
