"""Tells how each task ended, one JSON line a host."""
import json

from ansible.plugins.callback import CallbackBase


def said(result):
    one = {}
    for key in ("msg", "stdout"):
        if isinstance(result.get(key), (str, int, float, bool, list, dict)):
            one[key] = result[key]
    return one


def status(result):
    if result.get("skipped"):
        return "skipped"
    if result.get("failed"):
        return "failed"
    return "changed" if result.get("changed") else "ok"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "recorder"

    def tell(self, result, state):
        body = result._result
        one = {"host": result._host.get_name(), "task": result._task_fields.get("name") or result._task.get_name(), "status": state}
        if result._task.no_log:
            body = {}
        if isinstance(body.get("results"), list):
            one["results"] = [
                {"item": item.get(item.get("ansible_loop_var", "item")), "status": status(item), **said(item)}
                for item in body["results"]
                if isinstance(item, dict)
            ]
        else:
            one.update(said(body))
        print(json.dumps(one, sort_keys=True))

    def v2_runner_on_ok(self, result):
        self.tell(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.tell(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result):
        self.tell(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.tell(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            print(json.dumps({"recap": host, **stats.summarize(host)}, sort_keys=True))
