"""The 40-step workload, written once and spelt for each peer, so that all do the same.

5 directories, 10 files, 10 templates, 5 lines in files, 5 guarded commands, 3 accounts, a port, a file.
Files and rendered templates are about 1 KiB each. Everything lies below /srv/bench on the hosts.
"""

import json
import pathlib

ROOT = "/srv/bench"
DIRECTORIES = [f"{ROOT}/{name}" for name in ("etc", "lib", "log", "run", "share")]
SETTINGS = f"{ROOT}/share/settings"
NUMBERS = range(1, 11)
FIVE = range(1, 6)
ACCOUNTS = [f"nbench{n}" for n in (1, 2, 3)]
VARIABLES = {"region": "eu-west", "workers": 4, "endpoints": ["alpha", "beta", "gamma"]}


def file_text(number):
    """A file that is the same on all hosts."""
    lines = [f"# application {number}, fixed part"]
    lines += [f"option.{number}.{line:02d} = value of option {line} in file {number}" for line in range(20)]
    return "\n".join(lines) + "\n"


def template_text(number):
    """A Jinja template: a condition, a loop, variables."""
    lines = [
        f"# unit {number} on {{{{ inventory_hostname }}}}, region {{{{ region }}}}",
        "{% for endpoint in endpoints %}",
        f"upstream {{{{ endpoint }}}}-{number} {{ server {{{{ endpoint }}}}.{{{{ region }}}}.example:80{number:02d}; }}",
        "{% endfor %}",
        "workers {{ workers * 2 }};",
        "{% if region == 'eu-west' %}",
        "timezone Europe/Dublin;",
        "{% endif %}",
    ]
    lines += [f"setting_{number}_{line:02d} on; # constant line of a unit" for line in range(14)]
    return "\n".join(lines) + "\n"


def rendered(number, host):
    """What the template gives, for those who have no templates."""
    lines = [f"# unit {number} on {host}, region {VARIABLES['region']}"]
    for name in VARIABLES["endpoints"]:
        lines.append(f"upstream {name}-{number} {{ server {name}.{VARIABLES['region']}.example:80{number:02d}; }}")
    lines += [f"workers {VARIABLES['workers'] * 2};", "timezone Europe/Dublin;"]
    lines += [f"setting_{number}_{line:02d} on; # constant line of a unit" for line in range(14)]
    return "\n".join(lines) + "\n"


def tasks():
    """The steps as Ansible tasks."""
    steps = [{"file": {"path": path, "state": "directory", "mode": "0755"}} for path in DIRECTORIES]
    for n in NUMBERS:
        steps.append({"copy": {"src": f"app-{n}.conf", "dest": f"{ROOT}/etc/app-{n}.conf", "mode": "0644"}})
    for n in NUMBERS:
        steps.append({"template": {"src": f"unit-{n}.j2", "dest": f"{ROOT}/lib/unit-{n}.conf", "mode": "0640"}})
    for n in FIVE:
        line = {"path": SETTINGS, "regexp": f"^key{n}=", "line": f"key{n}=value-{n}", "create": True, "mode": "0644"}
        steps.append({"lineinfile": line})
    for n in FIVE:
        made = f"{ROOT}/run/made-{n}"
        steps.append({"command": {"cmd": f"touch {made}", "creates": made}})
    for name in ACCOUNTS:
        steps.append({"user": {"name": name, "system": True, "shell": "/usr/sbin/nologin", "create_home": False}})
    steps.append({"wait_for": {"port": 22, "host": "127.0.0.1", "timeout": 10}})
    steps.append({"wait_for": {"path": SETTINGS, "timeout": 10}})
    assert len(steps) == 40
    return [{"name": f"step {at}", **step} for at, step in enumerate(steps, 1)]


def playbook():
    """The playbook; JSON is YAML."""
    play = {"name": "workload", "hosts": "all", "gather_facts": False, "vars": VARIABLES, "tasks": tasks()}
    return json.dumps([play], indent=1)


def quoted(text):
    """One word of POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def script(host):
    """What a careful person writes by hand: looks, compares, changes what differs, counts."""
    parts = [
        "set -eu; umask 022; n=0",
        'mode() { [ "$(stat -c %a "$2")" = "$1" ] || { chmod "$1" "$2"; n=$((n+1)); }; }',
        'dir() { [ -d "$1" ] || { mkdir -p -m 755 "$1"; n=$((n+1)); }; mode 755 "$1"; }',
        'put() { printf %s "$3" | cmp -s - "$2" || { printf %s "$3" >"$2.new"; chmod "$1" "$2.new"; '
        'mv "$2.new" "$2"; n=$((n+1)); }; mode "$1" "$2"; }',
        'line() { grep -qxF "$2=$3" "$1" 2>/dev/null && return; [ -e "$1" ] || : >"$1"; '
        'if grep -q "^$2=" "$1"; then sed -i "s/^$2=.*/$2=$3/" "$1"; else echo "$2=$3" >>"$1"; fi; n=$((n+1)); }',
        'user() { id -u "$1" >/dev/null 2>&1 || { useradd -r -M -s /usr/sbin/nologin "$1"; n=$((n+1)); }; }',
    ]
    parts += [f"dir {path}" for path in DIRECTORIES]
    parts += [f"put 644 {ROOT}/etc/app-{n}.conf {quoted(file_text(n))}" for n in NUMBERS]
    parts += [f"put 640 {ROOT}/lib/unit-{n}.conf {quoted(rendered(n, host))}" for n in NUMBERS]
    parts += [f"line {SETTINGS} key{n} value-{n}" for n in FIVE]
    for n in FIVE:
        parts.append(f"[ -e {ROOT}/run/made-{n} ] || {{ touch {ROOT}/run/made-{n}; n=$((n+1)); }}")
    parts += [f"user {name}" for name in ACCOUNTS]
    parts += ["ss -Hltn 'sport = 22' | grep -q .", f"[ -e {SETTINGS} ]", 'echo "changed=$n"']
    return "\n".join(parts) + "\n"


def deploy():
    """The steps as a pyinfra deploy."""
    lines = [
        "from pyinfra import host",
        "from pyinfra.facts.files import File",
        "from pyinfra.operations import files, server",
        "from io import StringIO",
        f"variables = {VARIABLES!r}",
        "name = host.name",
    ]
    lines += [f"files.directory(path={path!r}, mode='755')" for path in DIRECTORIES]
    for n in NUMBERS:
        lines.append(f"files.put(src='files/app-{n}.conf', dest='{ROOT}/etc/app-{n}.conf', mode='644')")
    for n in NUMBERS:
        lines.append(
            f"files.template(src='templates/unit-{n}.j2', dest='{ROOT}/lib/unit-{n}.conf', mode='640', "
            "inventory_hostname=name, jinja_env_kwargs={'trim_blocks': True}, **variables)"
        )
    for n in FIVE:
        lines.append(f"files.line(path='{SETTINGS}', line='^key{n}=.*$', replace='key{n}=value-{n}')")
    for n in FIVE:
        made = f"{ROOT}/run/made-{n}"
        lines.append(f"if host.get_fact(File, path='{made}') is None:\n    server.shell(commands=['touch {made}'])")
    for name in ACCOUNTS:
        lines.append(
            f"server.user(user='{name}', system=True, shell='/usr/sbin/nologin', create_home=False, ensure_home=False)"
        )
    lines += [
        "server.shell(commands=[\"ss -Hltn 'sport = 22' | grep -q .\"])",
        f"server.shell(commands=['test -e {SETTINGS}'])",
    ]
    return "\n".join(lines) + "\n"


RESET = f"rm -rf {ROOT}; for u in {' '.join(ACCOUNTS)}; do ! id -u $u >/dev/null 2>&1 || userdel $u 2>/dev/null; done"
# The end state: names, types, modes, owners, contents, accounts.
DESCRIBE = (
    f"cd {ROOT}; {{ find . ! -path . -printf '%p %y %m %u:%g\\n' | sort; find . -type f | sort | xargs sha256sum; "
    f"id -nu {ACCOUNTS[0]}; id -nu {ACCOUNTS[1]}; id -nu {ACCOUNTS[2]}; }}"
)


def write(folder):
    """Writes what Ansible, pyinfra and we read."""
    folder = pathlib.Path(folder)
    for name in ("files", "templates"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for n in NUMBERS:
        (folder / "files" / f"app-{n}.conf").write_text(file_text(n))
        (folder / "templates" / f"unit-{n}.j2").write_text(template_text(n))
    (folder / "site.yml").write_text(playbook())
    (folder / "deploy.py").write_text(deploy())
