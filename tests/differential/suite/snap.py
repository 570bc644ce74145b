"""Runs on a host: prints what it is like as JSON `{what: how}`, for comparison with another host."""

import grp
import hashlib
import json
import os
import pwd
import re
import stat
import subprocess
import time

BACKUP = re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~")  # Ansible's name of a backup
RANDOM = re.compile(r"/(random|ansible)\.\w{8}")  # what tempfile's cases make
TREES = ["/srv", "/etc", "/root", "/home", "/usr/local", "/opt", "/var/mail", "/var/spool/cron", "/var/lib/systemd/linger"]
# What differs from host to host, or is a record of who was there.
NOT_SEEN = re.compile(
    r"/etc/(hostname|hosts|machine-id|resolv\.conf|ssh/ssh_host_.*|systemd/network/.*|\.pwd\.lock|ld\.so\.cache"
    r"|(passwd|shadow|group|gshadow|subuid|subgid)-|mtab|\.updated)"
    # git's own records: when what was asked, and how objects are packed.
    r"|.*/\.git/(index|logs|objects|FETCH_HEAD|ORIG_HEAD)(/.*)?"
    r"|/(root|home/[a-z]+)/\.(ansible|cache|sudo_as_admin_successful|bash_history)(/.*)?$"
)
HEAD = 600  # characters of a text that are shown


EXTENSIONS = "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints"
MADE = {
    b"-----BEGIN PRIVATE KEY": ["sh", "-c", 'openssl pkey -noout -text -in "$0" | grep -E "bit|CURVE|OID"'],
    b"-----BEGIN RSA PRIVATE KEY": ["sh", "-c", 'openssl pkey -noout -text -in "$0" | grep -E "bit|CURVE|OID"'],
    b"-----BEGIN EC PRIVATE KEY": ["sh", "-c", 'openssl pkey -noout -text -in "$0" | grep -E "bit|CURVE|OID"'],
    b"-----BEGIN OPENSSH PRIVATE KEY": ["sh", "-c", 'ssh-keygen -l -f "$0" | cut -d" " -f 1,3-'],
    b"-----BEGIN CERTIFICATE REQUEST": ["sh", "-c", 'openssl req -noout -text -in "$0" | grep -vE "^ *([0-9a-f]{2}:)+[0-9a-f]*$" | sort'],
    b"-----BEGIN CERTIFICATE": ["openssl", "x509", "-noout", "-subject", "-issuer", "-ext", EXTENSIONS, "-in"],
}


def name_of(database, number):
    try:
        return database(number)[0]
    except KeyError:
        return str(number)


def when(seconds):
    """Old times as they are; what was written in this run is only `new`."""
    return "new" if seconds > time.time() - 86400 else time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def content(path):
    with open(path, "rb") as file:
        data = file.read()
    if path == "/etc/shadow":  # salts of the lab's own users
        data = re.sub(rb"(?m)^(ops|root|deploy):.*", rb"\1", data)
    for mark, argv in MADE.items():
        if data.startswith(mark):  # keys are random: what kind they are, and what certificates say
            return f"{mark.decode()} {run(*argv, path)}"
    if b"AAAA" in data and path.endswith("/x.pub"):
        return f"public key, comment {data.split()[2:]}"
    if len(data) <= HEAD:
        return repr(data.decode("utf-8", "backslashreplace"))
    return f"{data[:80].decode('utf-8', 'backslashreplace')!r}… {len(data)} bytes sha256 {hashlib.sha256(data).hexdigest()}"


def describe(path):
    seen = os.lstat(path)
    words = [f"{stat.S_IMODE(seen.st_mode):04o}", f"{name_of(pwd.getpwuid, seen.st_uid)}:{name_of(grp.getgrgid, seen.st_gid)}"]
    if stat.S_ISLNK(seen.st_mode):
        return f"link to {os.readlink(path)} {words[1]}"
    if stat.S_ISDIR(seen.st_mode):
        return " ".join(["directory", *words])
    if not stat.S_ISREG(seen.st_mode):
        return " ".join(["special", *words])
    if path.startswith("/srv/") and "/.git/" not in path:
        words += [when(seen.st_mtime), f"{seen.st_nlink} links"]
    if path.startswith("/etc/") and path.count("/") == 2 and os.path.basename(path) in ("passwd", "group", "gshadow", "shadow"):
        return " ".join(["file", *words])  # line by line below
    return " ".join(["file", *words, content(path)])


def trees():
    found = {}
    for top in TREES:
        for folder, folders, files in os.walk(top):
            for name in [*folders, *files]:
                path = os.path.join(folder, name)
                if not NOT_SEEN.match(path):
                    found[RANDOM.sub(r"/\1.NAME", BACKUP.sub(".BACKUP~", path))] = describe(path)
    return found


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()


def accounts():
    found = {}
    for name in ("passwd", "group", "gshadow", "shadow"):
        with open(f"/etc/{name}", encoding="utf-8") as file:
            for line in file.read().splitlines():
                key, _, rest = line.partition(":")
                if name == "shadow" and key in ("ops", "root", "deploy"):
                    continue
                found[f"{name} {key}"] = rest
    return found


def units():
    found = {}
    for line in run("systemctl", "list-unit-files", "--no-legend", "--no-pager", "--plain"):
        name, state = line.split()[:2]
        if name.startswith("session-") or state == "transient":
            continue  # who is logged in
        found[f"unit file {name}"] = state
    for line in run("systemctl", "list-units", "--all", "--no-legend", "--no-pager", "--plain", "lab-*"):
        words = line.split()
        found[f"unit {words[0]}"] = " ".join(words[1:4])
    return found


def packages():
    found = {f"package {line.split()[0]}": line for line in run("dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n")}
    found.update({f"marked manual {line}": "yes" for line in run("apt-mark", "showmanual")})
    found.update({f"held {line}": "yes" for line in run("apt-mark", "showhold")})
    found.update({f"apt list {name}": "there" for name in os.listdir("/var/lib/apt/lists") if name not in ("lock", "partial")})
    return found


def kernel():
    keys = ["net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.ip_default_ttl", "net.ipv4.tcp_syncookies",
            "net.ipv4.ip_local_port_range", "net.ipv4.conf.all.log_martians"]
    return {f"sysctl {line.split(' = ')[0]}": line for key in keys for line in run("sysctl", key)}


print(json.dumps({**trees(), **accounts(), **units(), **packages(), **kernel()}))
