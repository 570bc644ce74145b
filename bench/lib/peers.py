"""The peers: how each runs the workload, and how its own words say what it changed."""

import glob
import json
import os
import pathlib
import re
import shlex
import subprocess

import workload
from measure import to_file


class Setting:
    """What all peers share."""

    def __init__(self, folder, inventory, password_file, programs, binary):
        self.folder = pathlib.Path(folder)
        self.inventory = inventory
        self.password_file = password_file
        self.password = pathlib.Path(password_file).read_text().strip()
        self.programs = pathlib.Path(programs)
        self.binary = binary
        told = subprocess.run(
            [binary, "inventory", "list", "-i", inventory], check=True, capture_output=True, text=True
        )
        self.vars = json.loads(told.stdout)["_meta"]["hostvars"]

    def ssh(self, host):
        """The command line of OpenSSH for a host, up to the remote command."""
        v = self.vars[host]
        line = ["ssh", "-F", "none", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"]
        line += ["-i", v["ansible_ssh_private_key_file"]] + shlex.split(v.get("ansible_ssh_common_args", ""))
        return line + [f"{v['ansible_user']}@{v['ansible_host']}"]

    def as_root(self, host, text, out):
        """Runs a shell text on a host as root, over one OpenSSH session; the text goes by stdin."""
        given = self.folder / f"stdin-{host}"
        given.write_text(self.password + "\n" + text)
        with open(given, "rb") as stdin:
            return to_file(self.ssh(host) + ["sudo -S -p '' sh -s"], out, stdin=stdin)

    def everywhere(self, hosts, text):
        """The same text on all hosts; their outputs."""
        outs = {host: self.folder / f"every-{host}" for host in hosts}
        running = [(host, self.as_root(host, text, outs[host])) for host in hosts]
        for host, process in running:
            if process.wait() != 0:
                raise RuntimeError(f"{host}: {outs[host].read_text()[-400:]}")
        return {host: outs[host].read_text() for host in hosts}


class Nautes:
    """This program."""

    name, quick = "nautes-install", True

    def __init__(self, setting):
        self.s = setting
        self.missing = None

    def start(self, hosts):
        out = self.s.folder / "nautes.out"
        line = [self.s.binary, "play", "-i", self.s.inventory, "--become-password-file", self.s.password_file]
        line += ["--limit", ",".join(hosts), "--output", "json", str(self.s.folder / "site.yml")]
        return [to_file(line, out, cwd=self.s.folder, stdin=subprocess.DEVNULL)], out.read_text

    def recap(self, output):
        return json.loads(output.strip().splitlines()[-1])

    def changed(self, output, hosts):
        return sum(counts["changed"] for counts in self.recap(output)["hosts"].values())

    def round_trips(self, output):
        """The most that one host needed, as the program itself counts."""
        traffic = self.recap(output).get("traffic") or {}
        return max((t["round_trips"] for t in traffic.values()), default=None)


class OpenSsh:
    """OpenSSH running the hand-written script: one session a host, all hosts at once."""

    name, quick = "OpenSSH, one script", True

    def __init__(self, setting):
        self.s = setting
        self.missing = None

    def start(self, hosts):
        outs = [self.s.folder / f"ssh-{host}.out" for host in hosts]
        running = [self.s.as_root(host, workload.script(host), out) for host, out in zip(hosts, outs)]
        return running, lambda: "".join(out.read_text() for out in outs)

    def changed(self, output, hosts):
        counts = re.findall(r"^changed=(\d+)$", output, re.M)
        return sum(map(int, counts)) if len(counts) == len(hosts) else -1


class Ansible:
    """ansible-core as it comes: five forks, no pipelining."""

    name, quick, package = "ansible-core", False, "ansible-core"
    extra = {}

    def __init__(self, setting):
        self.s = setting
        missing = setting.programs / f"{self.package}.missing"
        self.missing = missing.read_text().strip() if missing.exists() else None

    def start(self, hosts):
        out = self.s.folder / "ansible.out"
        control = self.s.folder / "cp"
        line = [self.s.programs / "ansible-playbook", "-i", self.s.inventory, "--limit", ",".join(hosts)]
        line += ["--become-password-file", self.s.password_file, "site.yml"]
        env = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
        env |= {
            "ANSIBLE_CONFIG": str(self.empty_configuration()),
            "ANSIBLE_HOME": str(self.s.folder / "ansible-home"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control),
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",  # spares it the search
            "ANSIBLE_NOCOLOR": "1",
        }
        env |= self.extra_environment()
        process = to_file(line, out, cwd=self.s.folder, env=env, stdin=subprocess.DEVNULL)
        return [process], lambda: self.finish(out, control)

    def empty_configuration(self):
        """The machine's own configuration is not to count."""
        config = self.s.folder / "empty.cfg"
        config.write_text("[defaults]\n")
        return config

    def extra_environment(self):
        return self.extra

    def finish(self, out, control):
        """Connections that it leaves open would make its next run warmer than anybody's."""
        for socket in glob.glob(f"{control}/*"):
            subprocess.run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "x"], capture_output=True)
        return out.read_text()

    def changed(self, output, hosts):
        lines = re.findall(r"changed=(\d+)\s+unreachable=0\s+failed=0", output)
        return sum(map(int, lines)) if len(lines) == len(hosts) else -1


class Pipelining(Ansible):
    """ansible-core at its best: pipelining, a fork for every host."""

    name = "ansible-core, pipelining"
    extra = {"ANSIBLE_PIPELINING": "1", "ANSIBLE_FORKS": "16"}


class Mitogen(Ansible):
    """ansible-core with mitogen's strategy."""

    name, package = "mitogen", "mitogen"

    def extra_environment(self):
        found = glob.glob(f"{self.s.programs.parent}/lib/python*/site-packages/ansible_mitogen/plugins/strategy")
        return {
            "ANSIBLE_STRATEGY": "mitogen_linear",
            "ANSIBLE_STRATEGY_PLUGINS": found[0] if found else "",
            "ANSIBLE_FORKS": "16",
        }


class Pyinfra:
    """pyinfra, all hosts at once."""

    name, quick = "pyinfra", False

    def __init__(self, setting):
        self.s = setting
        missing = setting.programs / "pyinfra.missing"
        self.missing = missing.read_text().strip() if missing.exists() else None

    def start(self, hosts):
        out = self.s.folder / "pyinfra.out"
        entries = []
        for host in hosts:
            v = self.s.vars[host]
            known = re.search(r"UserKnownHostsFile=(\S+)", v.get("ansible_ssh_common_args", ""))
            data = {
                "ssh_hostname": v["ansible_host"],
                "ssh_user": v["ansible_user"],
                "ssh_key": v["ansible_ssh_private_key_file"],
                "ssh_strict_host_key_checking": "yes",
                "_sudo": True,
                "_sudo_password": self.s.password,
            }
            if known:
                data["ssh_known_hosts_file"] = known[1]
            entries.append((host, data))
        inventory = self.s.folder / "pyinfra_inventory.py"
        inventory.write_text(f"hosts = {entries!r}\n")
        inventory.chmod(0o600)
        line = [self.s.programs / "pyinfra", "-y", inventory.name, "deploy.py"]
        return [to_file(line, out, cwd=self.s.folder, stdin=subprocess.DEVNULL)], out.read_text

    def changed(self, output, hosts):
        # Its two checks are commands that always run; it counts them as changes.
        found = re.search(r"Grand total.*", output)
        return None if found else -1


ALL = [Nautes, OpenSsh, Pyinfra, Mitogen, Pipelining, Ansible]
