"""The differential suite's story: cases, two sides, three passes a round, what differs, what is known."""

import concurrent.futures as futures
import os
import sys
import time
from pathlib import Path

import compare
import known
from cases import by_round, load
from sides import Ansible, Lab, Ours, prepare, quicken, snapshot

HERE = Path(__file__).resolve().parent.parent
PASSES = ("check", "run", "again")


def carry_out(lab, cases, work):
    """One round: the same start on both hosts, then the passes; returns what differs."""
    sides = [Ansible(lab, cases, work / "ansible"), Ours(lab, cases, work / "ours")]
    with futures.ThreadPoolExecutor(4) as pool:
        def both(do):
            started = [pool.submit(do, side) for side in sides]
            futures.wait(started, return_when=futures.FIRST_EXCEPTION)
            if any(one.done() and one.exception() for one in started):
                for process in lab.running:
                    process.terminate()
            return [one.result() for one in reversed(started)][::-1]

        both(lambda side: prepare(lab, side.host, cases))
        states = {"before": both(lambda side: snapshot(lab, side.host))}
        results = {}
        for name in PASSES:
            start = time.monotonic()
            results[name] = both(lambda side: side.carry_out(name))
            states[name] = both(lambda side: snapshot(lab, side.host))
            print(f"   {name}: {time.monotonic() - start:.0f} s", flush=True)
    return compare.everything(cases, results, states, [side.control for side in sides])


def main(arguments):
    if arguments == ["--doc"]:
        return known.write_doc()
    if not arguments:
        print("usage: run INVENTORY [MODULE[/CASE]...]", file=sys.stderr)
        return 2
    start = time.monotonic()
    lab, wanted = Lab(arguments[0]), arguments[1:]
    cases = load(HERE / "cases", wanted)
    found, table = [], known.load()
    quicken(lab, Ansible.host)
    for number, some in sorted(by_round(cases).items()):
        print(f"-- round {number}: {len(some)} cases", flush=True)
        differs = carry_out(lab, some, Path(lab.scratch) / f"round{number}")
        for difference in known.sort(table, differs, complete=False)[0]:
            print(difference, flush=True)
        found += differs
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
    print(f"{len(cases)} cases, {len(new)} differences, {told} known ones, {time.monotonic() - start:.0f} s")
    return 1 if new or stale or wrong_doc else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
