# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows the progress of copies in the background, until all have ended.

A task prints nothing while it runs, and a loop of tasks prints too much.  So
this action runs on the controller, reads the status files of the copies, and
prints a line for each copy whose status has changed.
"""

import json
import os
import re
import shlex
import time

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()

# Keeps a command shorter than the 128 KiB that Linux allows for one word.
FILES_MAX = 200


def human(count):
    """Bytes with a unit, as the program prints them."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return "%.3g %s" % (count, units[0])


def parse(line):
    """Returns an empty object for text that is not JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return {}


def has_ended(job):
    """Returns whether a job's result has replaced the note that it was started.

    The module async_status looks at the same file, but each time it starts a
    Python on the host.
    """
    if job is None:                     # the file is there before the job
        return True
    return bool(job.get("finished", job and "started" not in job))


def describe(event):
    """Returns a line about an event, or None if it is not about progress."""
    if event.get("ev") == "end":
        return event["status"]
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
        lost = set()
        while True:
            # The results first: a copy that has ended has its last status.
            files = sorted(set(jobs.values()))
            ended = {file for file, job in zip(files, self.read(files))
                     if has_ended(job)}
            self.show(jobs, shown, task_vars["inventory_hostname"])
            jobs = {name: file for name, file in jobs.items()
                    if file not in ended | lost}
            # A job that is lost now may have ended since its result was read.
            lost = self.find_lost(set(jobs.values()))
            if not jobs:
                result["changed"] = False
                return result
            if time.monotonic() > deadline:
                raise AnsibleActionFail("waited too long for: %s"
                                        % ", ".join(jobs))
            time.sleep(interval)

    def find_lost(self, files):
        """Returns those files whose jobs have no process any more, because it
        was killed or the host was started again: nobody will write the results.

        The job's name is on the process's command line. Where the host shows
        no command lines, nobody can tell.
        """
        jobs = {file: re.match(r"j(\d+)\.", os.path.basename(file))
                for file in files}
        jobs = [(file, match.group(1)) for file, match in jobs.items() if match]
        lost = set()
        for i in range(0, len(jobs), FILES_MAX):
            some = jobs[i:i + FILES_MAX]
            # The brackets keep grep from finding itself.
            said = self._low_level_execute_command(
                "grep -qsa . /proc/self/cmdline && for j in %s; do "
                'grep -qsa "[j]$j" /proc/[0-9]*/cmdline && echo runs || '
                "echo lost; done" % " ".join(number for _file, number in some))
            lost |= {file for (file, _number), word
                     in zip(some, said["stdout"].split()) if word == "lost"}
        return lost

    def read(self, files):
        """Returns the object of JSON in each file, or None if the file does not
        exist, by one command for many files: each command can be a round trip.
        """
        objects = []
        for i in range(0, len(files), FILES_MAX):
            # Each file has one line.
            said = self._low_level_execute_command(
                "for f in %s; do printf '%%s\\n'"
                ' "$(cat -- "$f" 2>/dev/null || echo null)"; done'
                % " ".join(map(shlex.quote, files[i:i + FILES_MAX])))
            # Not splitlines: a name in a line can have a U+2028.
            objects += map(parse, said["stdout"].rstrip("\n").split("\n"))
        return objects

    def show(self, names, shown, host):
        """Prints a line for each copy whose status has changed."""
        names = sorted(names)
        files = [os.path.join(self._task.args["folder"], name + ".status")
                 for name in names]
        for name, event in zip(names, self.read(files)):
            line = describe(event) if event else None
            if line and line != shown.get(name):
                shown[name] = line
                display.display("%s: %s: %s" % (host, name, line))
