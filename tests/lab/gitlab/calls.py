"""calls.py URL CA < TOKEN: python-gitlab makes the calls that nautes-install makes, and the ones around them.

Each line of the table below is one call: what it must give, or the code that it must be refused with. It makes what it
needs under names of its own and takes all of it away again. Exit: 0 all as wanted, 1 some not (they are named).
"""

import base64
import datetime
import sys

import gitlab

url, ca = sys.argv[1:3]
api = gitlab.Gitlab(url, private_token=sys.stdin.read().strip(), ssl_verify=ca, api_version="4")
wrong, count = [], 0


def call(name, do, wanted=None, code=None):
    """One call; gives what came back."""
    global count
    count += 1
    got = None
    try:
        got = do()
        said = "no refusal" if code else None
    except gitlab.exceptions.GitlabError as error:
        said = None if error.response_code == code else f"{error.response_code}: {error}"
    if said is None and code is None and wanted is not None and not wanted(got):
        said = f"gave {got!r}"
    print(f"{'ok' if said is None else 'NO'}  {name}" + (f": refused with {code}" if code else "") + (f" -- {said}" if said else ""))
    if said:
        wrong.append(name)
    return got


def other(token):
    return gitlab.Gitlab(url, private_token=token, ssl_verify=ca)


def public_key(number):
    body = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32
    return "ssh-ed25519 " + base64.b64encode(body).decode() + " lab"


def date(days):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)).isoformat()


def who_asks():
    call("version", lambda: api.version(), lambda v: v[0][0].isdigit())
    call("who am I", lambda: api.auth() or api.user.username, lambda name: name == "root")
    call("a token that nobody made", lambda: other("glpat-wrong").auth(), code=401)
    call("no token", lambda: gitlab.Gitlab(url, ssl_verify=ca).users.list(), code=401)
    call("own token", lambda: api.personal_access_tokens.get("self"), lambda t: t.active and t.user_id == 1)


def users():
    new = {"username": "calls", "name": "Calls", "email": "calls@example.com", "password": "a long word", "skip_confirmation": True}
    user = call("make a user", lambda: api.users.create(new), lambda u: u.username == "calls" and not u.is_admin)
    call("the same user again", lambda: api.users.create(new), code=409)
    call("the same name, another address", lambda: api.users.create({**new, "email": "other@example.com"}), code=409)
    call("a user without an address", lambda: api.users.create({"username": "x", "name": "x"}), code=400)
    call("by name", lambda: api.users.list(username="CALLS"), lambda found: [u.id for u in found] == [user.id])
    call("nobody has this name", lambda: api.users.list(username="nobody"), lambda found: found == [])
    call("nobody has this number", lambda: api.users.get(99999), code=404)
    user.admin = True
    call("make them an administrator", lambda: (user.save(), api.users.get(user.id).is_admin)[1], lambda is_admin: is_admin)
    user.admin = False
    user.save()
    return user


def tokens(user):
    new = {"name": "t", "scopes": ["read_api"], "expires_at": date(30)}
    made = call("make a token", lambda: user.personal_access_tokens.create(new), lambda t: t.token.startswith("glpat-"))
    value, number = made.token, made.id
    theirs = other(value)
    call("it looks", lambda: theirs.auth() or theirs.user.id, lambda found: found == user.id)
    call("it may not write", lambda: theirs.groups.create({"name": "x", "path": "x"}), code=403)
    call("it may not look at settings", lambda: theirs.settings.get(), code=403)
    call("a scope that does not exist", lambda: api.http_post(f"/users/{user.id}/personal_access_tokens", post_data={"name": "t", "scopes": ["all"]}), code=400)
    call("for longer than a year", lambda: api.http_post(f"/users/{user.id}/personal_access_tokens", post_data={"name": "t", "scopes": ["api"], "expires_at": date(500)}), code=422)
    call("of a user that is not there", lambda: api.http_post("/users/99999/personal_access_tokens", post_data={"name": "t", "scopes": ["api"]}), code=404)
    call("their tokens", lambda: api.personal_access_tokens.list(user_id=user.id, state="active"), lambda all: [t.id for t in all] == [number])
    new = call("another value", lambda: api.http_post(f"/personal_access_tokens/{number}/rotate", post_data={"expires_at": date(20)}), lambda t: t["token"] != value)["token"]
    call("the old value", lambda: theirs.auth(), code=401)
    call("the new value", lambda: other(new).auth())
    last = api.personal_access_tokens.list(user_id=user.id, state="active")[0]
    call("taken back", lambda: api.personal_access_tokens.delete(last.id))
    call("it is over", lambda: other(new).auth(), code=401)
    call("no active one is left", lambda: api.personal_access_tokens.list(user_id=user.id, state="active"), lambda all: all == [])
    call("as somebody else", lambda: api.http_get("/user", sudo="calls"), lambda u: u["username"] == "calls")


def groups(user):
    group = call("make a group", lambda: api.groups.create({"name": "Calls of the lab", "path": "lab-calls"}), lambda g: g.visibility == "private")
    call("the same group again", lambda: api.groups.create({"name": "x", "path": "lab-calls"}), code=400)
    call("a group with the path of a user", lambda: api.groups.create({"name": "x", "path": "calls"}), code=400)
    call("a group without a path", lambda: api.http_post("/groups", post_data={"name": "x"}), code=400)
    call("a group that is not there", lambda: api.groups.get("lab-nothing"), code=404)
    below = call("a group in it", lambda: api.groups.create({"name": "Below", "path": "below", "parent_id": group.id}), lambda g: g.full_path == "lab-calls/below")
    call("by its whole path", lambda: api.groups.get("lab-calls/below").id, lambda number: number == below.id)
    call("a member", lambda: group.members.create({"user_id": user.id, "access_level": 30}), lambda m: m.access_level == 30)
    call("the same member again", lambda: group.members.create({"user_id": user.id, "access_level": 30}), code=409)
    call("of the group below too", lambda: [m.username for m in below.members_all.list()], lambda names: "calls" in names)
    group.description = "changed"
    call("another description", lambda: (group.save(), api.groups.get(group.id).description)[1], lambda text: text == "changed")
    return group


def projects(group):
    new = {"name": "one", "path": "one", "namespace_id": group.id, "initialize_with_readme": True, "default_branch": "main"}
    one = call("make a project", lambda: api.projects.create(new), lambda p: p.default_branch == "main" and not p.empty_repo)
    call("the same project again", lambda: api.projects.create(new), code=400)
    call("more public than its group", lambda: api.projects.create({**new, "path": "two", "name": "two", "visibility": "public"}), code=400)
    call("in a group that is not there", lambda: api.projects.create({**new, "namespace_id": 99999}), code=400)
    call("a project that is not there", lambda: api.projects.get("lab-calls/nothing"), code=404)
    call("by its whole path", lambda: api.projects.get("lab-calls/one").id, lambda number: number == one.id)
    call("a file of it", lambda: one.files.get("README.md", ref="main").decode(), lambda text: b"# one" in text)
    call("a file more", lambda: one.files.create({"file_path": "a/b.txt", "branch": "main", "content": "x", "commit_message": "b"}))
    call("that file again", lambda: one.files.create({"file_path": "a/b.txt", "branch": "main", "content": "x", "commit_message": "b"}), code=400)
    call("its tree", lambda: [e["path"] for e in one.repository_tree(recursive=True)], lambda paths: "a/b.txt" in paths)
    call("its commits", lambda: one.commits.list(get_all=True), lambda all: len(all) == 2)
    call("its branch is protected", lambda: one.protectedbranches.get("main").push_access_levels[0]["access_level"], lambda level: level == 40)
    call("protected twice", lambda: one.protectedbranches.create({"name": "main"}), code=409)
    hook = call("a hook", lambda: one.hooks.create({"url": "http://10.0.0.1:1/x", "push_events": True}), lambda h: h.url.endswith("/x"))
    call("no hook any more", lambda: hook.delete() or one.hooks.list(), lambda all: all == [])
    return one


def keys(one, group):
    two = api.projects.create({"name": "two", "namespace_id": group.id})
    first = call("a deploy key", lambda: one.keys.create({"title": "k", "key": public_key(1), "can_push": True}), lambda k: k.can_push)
    call("the same key again is the same", lambda: one.keys.create({"title": "k2", "key": public_key(1), "can_push": True}).id, lambda number: number == first.id)
    call("the same key in another project", lambda: two.keys.create({"title": "k", "key": public_key(1)}), lambda k: k.id == first.id and not k.can_push)
    call("what is no key", lambda: one.keys.create({"title": "k", "key": "ssh-ed25519 nothing"}), code=400)
    call("a key without a title", lambda: api.http_post(f"/projects/{one.id}/deploy_keys", post_data={"key": public_key(2)}), code=400)
    call("a key that is not there", lambda: one.keys.get(99999), code=404)
    first.can_push = False
    call("it may not push any more", lambda: (first.save(), one.keys.get(first.id).can_push)[1], lambda push: push is False)
    call("the keys of the project", lambda: [k.title for k in one.keys.list()], lambda titles: titles == ["k"])
    call("taken out of both", lambda: (one.keys.delete(first.id), two.keys.delete(first.id), one.keys.list())[2], lambda all: all == [])


def instance():
    settings = api.settings.get()
    before = settings.signup_enabled
    settings.signup_enabled = not before
    call("a setting", lambda: (settings.save(), api.settings.get().signup_enabled)[1], lambda now: now != before)
    settings.signup_enabled = before
    settings.save()
    call("a setting that does not exist", lambda: api.http_put("/application/settings", post_data={"no_such_thing": True}), code=400)
    new = {"name": "calls", "redirect_uri": "https://dex.example.com/callback", "scopes": "read_user openid"}
    app = call("an application", lambda: api.applications.create(new), lambda a: a.secret and a.application_id)
    call("an application for nowhere", lambda: api.applications.create({**new, "redirect_uri": "nowhere"}), code=400)
    call("an application without scopes", lambda: api.http_post("/applications", post_data={"name": "x", "redirect_uri": "https://x"}), code=400)
    call("lists tell no secret", lambda: [getattr(a, "secret", None) for a in api.applications.list(get_all=True)], lambda all: not any(all))
    call("another secret", lambda: api.http_post(f"/applications/{app.id}/renew-secret"), lambda a: a["secret"] != app.secret)
    call("gone", lambda: api.applications.delete(app.id))
    call("gone twice", lambda: api.applications.delete(app.id), code=404)
    call("a path that GitLab has not", lambda: api.http_get("/no/such/thing"), code=404)


def pages():
    for number in range(25):
        api.groups.create({"name": f"Page {number:02}", "path": f"lab-page-{number:02}"})
    call("a page has twenty", lambda: api.http_get("/groups", search="lab-page"), lambda all: len(all) == 20)
    call("all pages", lambda: api.groups.list(search="lab-page", per_page=7, get_all=True), lambda all: len({g.id for g in all}) == 25)
    first = api.groups.list(search="lab-page", per_page=10, iterator=True)
    call("what the headers tell", lambda: (first.current_page, first.prev_page, first.next_page, first.per_page, first.total_pages, first.total), lambda told: told == (1, None, 2, 10, 3, 25))
    call("behind the last page", lambda: api.http_get("/groups", search="lab-page", page=9), lambda all: all == [])
    for group in api.groups.list(search="lab-page", get_all=True):
        group.delete()
    call("none is left", lambda: api.groups.list(search="lab-page"), lambda all: all == [])


who_asks()
user = users()
tokens(user)
group = groups(user)
keys(projects(group), group)
instance()
pages()
call("the group goes with all in it", lambda: group.delete() or api.projects.list(search="one"), lambda all: all == [])
call("the user goes", lambda: api.users.delete(user.id))
call("and cannot be asked for", lambda: api.users.get(user.id), code=404)
print(f"{count} calls, {len(wrong)} not as wanted")
sys.exit(1 if wrong else 0)
