"""One measured run: wall time, the largest process, and what crossed the hosts' network interfaces."""

import os
import pathlib
import subprocess
import time


class Result:
    """What one run cost. Sizes in bytes, times in seconds."""

    def __init__(self, wall, rss, sent, output, code):
        self.wall, self.rss, self.sent, self.output, self.code = wall, rss, sent, output, code
        self.cpu = None


def interface(lab, host):
    """The lab's own end of a host's network cable."""
    return pathlib.Path(f"/sys/class/net/vb-lab{lab}-{host}/statistics/tx_bytes")


def sent_to(lab, hosts):
    """Bytes that went to these hosts since they were started; None where nobody counts them."""
    files = [interface(lab, host) for host in hosts]
    if lab is None or not all(file.exists() for file in files):
        return None
    return sum(int(file.read_text()) for file in files)


def measured(start, lab, hosts):
    """Runs `start()`, which gives (processes, collect): waits for all, then `collect()` gives their output."""
    before = sent_to(lab, hosts)
    begun = time.monotonic()
    processes, collect = start()
    rss, code, cpu = 0, 0, 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        code = code or process.returncode
        rss += usage.ru_maxrss * 1024
        cpu += usage.ru_utime + usage.ru_stime
    wall = time.monotonic() - begun
    output = collect()
    time.sleep(0.2)  # the last frames of the goodbye
    after = sent_to(lab, hosts)
    sent = None if before is None or after is None else (after - before) / len(hosts)
    result = Result(wall, rss, sent, output, code)
    result.cpu = cpu
    return result


def to_file(command, out, **more):
    """Starts a program whose output goes to a file: nobody has to read along."""
    stream = open(out, "wb")
    process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, **more)
    stream.close()
    return process
