# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows how far copies in the background are, until all of them have ended.

Tasks print nothing while they run, and a loop of tasks prints too much.  So
this one looks at the copies' status files from the controller, and prints a
line for each copy that has moved.
"""

import json
import os
import shlex
import time

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()


def human(count):
    """Bytes with a unit, as the program prints them."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return "%.3g %s" % (count, units[0])


def describe(event):
    """One line on an event, or None where it says nothing of progress."""
    if event.get("percent") is None:
        return None
    line = "%3d %%, %s" % (event["percent"], event.get("phase"))
    if event.get("rate"):
        line += ", %s/s" % human(event["rate"])
    if event.get("eta"):
        line += ", %d s left" % event["eta"]
    return line


class ActionModule(ActionBase):
    _VALID_ARGS = frozenset(["jobs", "folder", "interval", "limit"])

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = self._task.args
        interval = float(arguments.get("interval", 10))
        deadline = time.monotonic() + float(arguments.get("limit", "inf"))
        jobs = dict(arguments["jobs"])
        shown = {}
        while True:
            jobs = {name: file for name, file in jobs.items()
                    if not self.has_ended(file)}
            for name in jobs:
                self.show(name, shown, task_vars)
            if not jobs:
                result["changed"] = False
                return result
            if time.monotonic() > deadline:
                raise AnsibleActionFail("waited too long for: %s"
                                        % ", ".join(jobs))
            time.sleep(interval)

    def has_ended(self, results_file):
        """Whether a job's result has replaced the note that it was started.

        The module async_status looks at the same file, but it starts a Python
        on the host for each look at each job.
        """
        said = self.read(results_file)
        if said["rc"] != 0:             # it is there before the job is
            return True
        try:
            result = json.loads(said["stdout"])
        except ValueError:              # it is being written
            return False
        return bool(result.get("finished", "started" not in result))

    def read(self, file):
        return self._low_level_execute_command("cat -- " + shlex.quote(file))

    def show(self, name, shown, task_vars):
        said = self.read(
            os.path.join(self._task.args["folder"], name + ".status"))
        try:
            line = describe(json.loads(said["stdout"]))
        except ValueError:              # it is not there yet
            return
        if line and line != shown.get(name):
            shown[name] = line
            display.display("%s: %s: %s" % (task_vars["inventory_hostname"],
                                            name, line))
