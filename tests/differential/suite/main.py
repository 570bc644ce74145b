"""The differential suite's story: cases, two sides, three passes a round, what differs, what is known."""

import concurrent.futures as futures
import sys
import time
from pathlib import Path

import compare
import known
import recorded
from cases import by_round, load
from sides import Ansible, Lab, Ours, prepare, quicken, snapshot

HERE = Path(__file__).resolve().parent.parent
PASSES = ("check", "run", "again")
ASK_AGAIN = 4  # what differs, differs from a record: only Ansible itself is evidence


def carry_out(lab, cases, work, record):
    """One round: the same start on both hosts, then the passes. Gives what both sides answered, left on their hosts and
    fetched; Ansible's as in `record`, where there is one."""
    ours = Ours(lab, cases, work / "ours")
    sides = [ours] if record else [Ansible(lab, cases, work / "ansible"), ours]
    seen = {"results": {}, "states": {}, "fetched": {}}
    with futures.ThreadPoolExecutor(2) as pool:
        def both(part, name, do):
            start = time.monotonic()
            started = [pool.submit(do, side) for side in sides]
            futures.wait(started, return_when=futures.FIRST_EXCEPTION)
            if any(one.done() and one.exception() for one in started):
                for process in lab.running:
                    process.terminate()
            done = [one.result() for one in reversed(started)][::-1]
            if part:
                seen[part][name] = [record[part][name], *done] if record else done
            print(f"   {name}{', the hosts' if part == 'states' else ''}: {time.monotonic() - start:.0f} s", flush=True)

        both("", "prepared", lambda side: prepare(lab, side.host, cases))
        both("states", "before", lambda side: snapshot(lab, side.host))
        for name in PASSES:
            both("results", name, lambda side, name=name: side.carry_out(name))
            both("states", name, lambda side: snapshot(lab, side.host))
        both("fetched", "all", lambda side: compare.tree(side.control))
    return seen


def ask(lab, cases, asked_live):
    """All rounds. Gives what differs, whether Ansible's side was as recorded, and what records those rounds that all ran."""
    rounds = [some for _, some in sorted(by_round(cases).items())]
    records = recorded.of_rounds(lab, rounds)
    answers = [None if asked_live else record.load() for record in records]
    if not all(answers):
        answers = [None] * len(rounds)
        quicken(lab, Ansible.host)
    found, seen = [], []
    for number, (some, answer) in enumerate(zip(rounds, answers), 1):
        print(f"-- round {number}: {len(some)} cases, Ansible {'as recorded' if answer else 'live'}", flush=True)
        seen.append(carry_out(lab, some, Path(lab.scratch) / f"round{number}", answer))
        differs = compare.everything(some, seen[-1]["results"], seen[-1]["states"], seen[-1]["fetched"]["all"])
        for difference in known.sort(known.load(), differs, complete=False)[0]:
            print(difference, flush=True)
        found += differs
    return found, all(answers), lambda: [record.save(one) for record, one in zip(records, seen)]


def main(arguments):
    if arguments == ["--doc"]:
        return known.write_doc()
    live = "--live" in arguments
    arguments = [argument for argument in arguments if argument != "--live"]
    if not arguments or arguments[0].startswith("-"):
        print("usage: run INVENTORY [--live] [MODULE[/CASE]...]", file=sys.stderr)
        return 2
    start = time.monotonic()
    lab, wanted = Lab(arguments[0]), arguments[1:]
    cases = load(HERE / "cases", wanted)
    table = known.load()
    found, as_recorded, save = ask(lab, cases, live or bool(wanted))
    (Path(lab.scratch) / "differences").write_text("".join(f"{difference.case}: {difference.key}\n" for difference in found))
    new, stale = known.sort(table, found, complete=not wanted)
    for entry in stale:
        print(f"NO LONGER DIFFERS {entry}\n   take it out of known.yaml")
    wrong_doc = known.doc_differs(table)
    if wrong_doc:
        print(f"{wrong_doc}\n   write it anew with `tests/differential/run --doc`")
    bad = {difference.module for difference in new}
    for module in sorted({case.module_name for case in cases}):
        count = sum(case.module_name == module for case in cases)
        print(f"{'NOT OK' if module in bad else 'ok'}  {module}: {count} cases")
    told = len(found) - len(new)
    print(f"{len(cases)} cases, {len(new)} differences, {told} known ones, {time.monotonic() - start:.0f} s: "
          f"{0 if as_recorded else len(cases)} cases beside Ansible live, {len(cases) if as_recorded else 0} beside its recorded results")
    if as_recorded and (new or stale):
        return ASK_AGAIN
    if not (as_recorded or wanted or new or stale):
        save()
    return 1 if new or stale or wrong_doc else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
