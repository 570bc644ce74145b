"""The two sides: each carries out a playbook on its host and gives the results by task name."""

import base64
import concurrent.futures as futures
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cases import SANDBOX, of_pass, playbook

HERE = Path(__file__).resolve().parent.parent
LIMIT = 1500  # seconds one pass may take
# Ansible's processes side by side: sandboxes do not disturb each other, what touches the host itself does.
LANES = {"files": 2, "host": 1, "packages": 1}


@dataclass
class Lab:
    """What the lab says about itself."""

    inventory: str
    state: str = field(default_factory=lambda: os.environ["LAB_STATE"])
    running: list = field(default_factory=list)
    scratch: str = field(default_factory=lambda: os.environ.get("LAB_WORK") or tempfile.mkdtemp(prefix="differential-"))

    def ssh(self, host, command, text=""):
        """Runs a command as root on a host; its output."""
        done = subprocess.run(
            ["ssh", "-F", f"{self.state}/ssh_config", f"root@{host}", command],
            input=text, capture_output=True, text=True, timeout=LIMIT, check=False,
        )
        if done.returncode:
            raise SystemExit(f"{host}: {command}: {done.stderr.strip()[-2000:]}")
        return done.stdout


def prepare(lab, host, cases):
    """What every case says is there before it; files of a sandbox are from 2001."""
    server = base64.b64encode((HERE / "suite" / "server.py").read_bytes()).decode()
    script = ["set -eu", f"SERVER={server}; export MIRROR={os.environ['NAUTES_LAB_MIRROR']}", f"rm -rf {SANDBOX}", "umask 022",
              (HERE / "suite" / "host.sh").read_text()]
    for case in cases:
        script.append(f"D={case.sandbox}; export D; mkdir -p $D; cd $D")
        script.append(f"( set -eu\n{case.before}\n) >&2 || {{ echo 'before {case.id} failed' >&2; exit 1; }}")
    script.append(f"cd /; find {SANDBOX} -exec touch -h -d 2001-02-03T04:05:06Z {{}} +")
    lab.ssh(host, "bash -s", "\n".join(script) + "\n")


def quicken(lab, host):
    """Compiles Ansible's files on its host once (suite/quicken.py says what for)."""
    folder, place = "/usr/lib/differential", "/usr/lib/python3/dist-packages"
    package = Path(importlib.util.find_spec("ansible").origin).parent
    archive = subprocess.run(
        ["tar", "-C", str(package.parent), "-cz", "--exclude=__pycache__", "ansible/__init__.py", "ansible/release.py",
         "ansible/module_utils", "ansible/modules"], capture_output=True, check=True).stdout
    script = (HERE / "suite" / "quicken.py").read_text()
    lab.ssh(host, f"mkdir -p {folder}; base64 -d | tar -xz -C {folder}; python3 -m compileall -q {folder}",
            base64.b64encode(archive).decode())
    lab.ssh(host, f"cat >{place}/differential_quicken.py", script)
    lab.ssh(host, f"echo 'import differential_quicken' >{place}/differential_quicken.pth")


def snapshot(lab, host):
    """What a host is like: `{what: how}` (suite/snap.py runs there)."""
    return json.loads(lab.ssh(host, "python3 -", (HERE / "suite" / "snap.py").read_text()))


class Side:
    """Where a side works on the controller: playbooks, the files they copy, and what is fetched."""

    def __init__(self, lab, cases, work):
        self.lab, self.cases, self.work = lab, cases, work
        self.control = work / "control"
        shutil.rmtree(work, ignore_errors=True)
        self.control.mkdir(parents=True)
        for name in ("files", "templates"):
            shutil.copytree(HERE / name, work / name, symlinks=True)

    def page(self, name, cases):
        path = self.work / f"{name}.yaml"
        path.write_text(playbook(cases))
        return path

    def variables(self, **more):
        return json.dumps({"control": str(self.control), "mirror": os.environ.get("NAUTES_LAB_MIRROR", ""), **more})

    def run(self, name, argv, environment):
        process = subprocess.Popen(
            argv, cwd=self.work, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.lab.running.append(process)
        out, err = process.communicate(timeout=LIMIT)
        done = subprocess.CompletedProcess(argv, process.returncode, out, err)
        (self.work / f"{name}.out").write_text(done.stdout)
        (self.work / f"{name}.err").write_text(done.stderr)
        return done


class Ansible(Side):
    """ansible-playbook on host1, in several processes side by side."""

    host = "host1"

    def carry_out(self, name):
        lanes = {}
        for number, case in enumerate(of_pass(name, self.cases)):
            lanes.setdefault(f"{case.lane}{number % LANES[case.lane]}", []).append(case)
        with futures.ThreadPoolExecutor(max(1, len(lanes))) as pool:
            parts = list(pool.map(lambda lane: self.lane(f"{name}-{lane}", lanes[lane]), lanes))
        return {task: result for part in parts for task, result in part.items()}

    def lane(self, name, cases):
        page = self.page(name, cases)
        multiplex = f"-o ControlMaster=auto -o ControlPersist=60s -o ControlPath={self.lab.scratch}/%h"
        argv = ["ansible-playbook", "-i", self.lab.inventory, "--limit", self.host, page.name, "-e",
                self.variables(ansible_user="root", ansible_become=False, ansible_ssh_extra_args=multiplex,
                               ansible_python_interpreter="/usr/bin/python3")]
        if name.startswith("check"):
            argv.append("--check")
        more = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_PIPELINING": "True",
                "ANSIBLE_DEPRECATION_WARNINGS": "0", "ANSIBLE_NOCOLOR": "1"}
        done = self.run(name, argv, {**os.environ, **more})
        start = done.stdout.find("{\n")
        try:
            said = json.loads(done.stdout[start:])
        except ValueError:
            raise SystemExit(f"ansible-playbook: {done.stdout[-3000:]}\n{done.stderr[-3000:]}") from None
        return {task["task"]["name"]: task["hosts"].get(self.host)
                for play in said["plays"] for task in play["tasks"] if self.host in task["hosts"]}


class Ours(Side):
    """nautes-install on host2, everything in one play, with sudo and its password."""

    host = "host2"

    def carry_out(self, name):
        if not of_pass(name, self.cases):
            return {}
        page = self.page(name, of_pass(name, self.cases))
        argv = [os.environ["NAUTES_INSTALL"], "play", "-i", self.lab.inventory, "--limit", self.host,
                "--become-password-file", os.environ["NAUTES_LAB_BECOME_PASSWORD_FILE"], "--output", "json",
                "--yes", "--state", str(self.work / "state"), "-e", self.variables(), page.name]
        if name == "check":
            argv.append("--check")
        done = self.run(name, argv, dict(os.environ))
        results = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if event["event"] == "task_result":
                skipped = {"skipped": True} if event["status"] == "skipped" else {}
                results[event["task"]] = {**event["result"], **skipped, "status": event["status"]}
        if not results:
            raise SystemExit(f"nautes-install play: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
        return results
