#!/usr/bin/env python3
"""Writes what ansible-playbook really does with each playbook of this folder.

    PATH=$(tests/differential/setup):$PATH python3 tests/plays/generate.py [NAME…]

`# args: …` in a playbook's first line are further arguments. The test that reads the results
(`tests/play_differential.rs`) needs no Ansible.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ENV = {
    **os.environ,
    "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
    "ANSIBLE_STDOUT_CALLBACK": "recorder",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
    "ANSIBLE_RETRY_FILES_ENABLED": "0",
    "ANSIBLE_LOCALHOST_WARNING": "0",
    "ANSIBLE_NOCOLOR": "1",
}


def record(path):
    first = path.read_text().splitlines()[0]
    more = first.split(":", 1)[1].split() if first.startswith("# args:") else []
    python = "ansible_python_interpreter={{ ansible_playbook_python }}"
    command = ["ansible-playbook", "-i", "inventory.yaml", "-e", python, path.name, *more]
    done = subprocess.run(command, cwd=HERE, env=ENV, capture_output=True, text=True, timeout=300)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    hosts = {}
    for line in lines:
        if "host" in line:
            hosts.setdefault(line.pop("host"), []).append(line)
    recap = {line.pop("recap"): line for line in lines if "recap" in line}
    return {"failed": done.returncode != 0, "hosts": hosts, "recap": recap}, done.stderr


for path in sorted(HERE.glob("*.yml")):
    if sys.argv[1:] and path.stem not in sys.argv[1:]:
        continue
    seen, stderr = record(path)
    if not seen["recap"]:
        sys.exit(f"{path.name}: {stderr}")
    (HERE / f"{path.stem}.json").write_text(json.dumps(seen, indent=1, sort_keys=True, ensure_ascii=False).replace(f"{HERE}/", "./") + "\n")
    print(path.name, {host: len(tasks) for host, tasks in seen["hosts"].items()})
