"""Runs on Ansible's host: Python takes Ansible's own modules from a compiled copy in /usr/lib/differential
instead of compiling the same files out of each task's zip: half of such a task's time."""

import sys
from importlib.machinery import PathFinder


class Finder:
    """Finds `ansible.module_utils.…` and `ansible.modules.…` in the copy; what is not there (collections) comes out of the zip as ever."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        del path
        parts = name.split(".")
        if parts[0] != "ansible" or len(parts) < 3:
            return None
        return PathFinder.find_spec(name, ["/".join(["/usr/lib/differential", *parts[:-1]])], target)


sys.meta_path.insert(0, Finder)
