#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies many disks by running stripecopy --manifest, and returns the report of
each."""

DOCUMENTATION = r"""
module: manifest
short_description: Copies many disks, several at a time
version_added: 1.0.0
description:
  - Runs C(stripecopy --manifest) on the managed host, and returns a result for
    each disk. The role stripecopy.disks.stripecopy_disks uses it.
  - Each disk has a map in I(folder), so that a copy that was interrupted is
    resumed, and a complete one is left alone. The task is C(ok) and not
    C(changed) when nothing was left to copy.
  - A disk that fails does not stop the others. But when the manifest is not
    valid, or two copies would write to the same file, nothing is started, and
    all disks fail with C(rc=2).
  - In check mode both sides of each disk are opened and nothing is written. The
    task is C(changed) when there is something left to copy.
  - The manifest goes to the program's standard input, and so neither to a file
    nor to a list of processes. Secrets are neither logged nor returned. Only
    commands, those in I(disks) that are lists, can be seen in the list of
    processes while they run.
author:
  - The stripecopy project (@stripecopy)
requirements:
  - stripecopy on the managed host
  - Python 3.6 or later there
options:
  disks:
    description:
      - The disks to copy. Each is a dictionary with I(name), I(source) and
        I(destination), and any other options of
        M(stripecopy.disks.stripecopy), except I(map), I(status_file),
        I(stop_after) and I(report), whose names follow from I(folder) and I(name).
      - I(name) has at most 64 bytes, no slash and no control character. Each
        disk has a name of its own, and the same name in all runs.
      - I(extra_args) of a disk has long options, C(--name) or C(--name=value),
        and the short ones of options for a single copy.
      - I(events) of a disk is a file that the events of this disk are appended
        to. Their C(seq) counts the events of all disks.
      - I(group) of a disk is for I(jobs_per_group), and its I(size), for example
        C(2T), for I(part).
    type: list
    elements: dict
    required: true
  options:
    description:
      - Options for all disks that do not set them.
    type: dict
    default: {}
  folder:
    description:
      - The folder on the managed host for C(NAME.map), C(NAME.status) and
        C(NAME.report) of each disk. It must exist, except in check mode.
    type: path
    required: true
  jobs:
    description:
      - How many disks to copy at a time. They share the processors, and the
        memory for data in flight.
    type: int
    default: 1
  jobs_per_group:
    description:
      - How many disks of one I(group) to copy at a time. The I(group) of a disk
        is a name, such as that of the server that has it.
    type: int
  attempts:
    description:
      - How many times to start a copy that ends in a way that another attempt
        can change, as with C(rc=3), incomplete, or C(rc=5), in use, or when a
        side could not be opened. Meanwhile the other disks go on.
    type: int
    default: 1
  wait:
    description:
      - Seconds between two attempts at a disk.
    type: float
    default: 30
  part:
    description:
      - Copies only a part of I(disks), for example C(2/3) for the second of
        three hosts that get the same list. The parts are about equally large,
        by the I(size) of each disk where it is given. The result has only the
        disks of the part.
    type: str
  bwlimit:
    description:
      - The highest rate of all copies together, in bytes per second, for
        example C(100M), or C(@FILE) for a file with the rate, which is read
        again when it changes. I(bwlimit) of a disk limits its copy alone.
    type: str
  metrics_folder:
    description:
      - A folder on the managed host, which must exist, for
        C(stripecopy-NAME.prom) of each disk that has no I(metrics_file). These
        are metrics in the text format of Prometheus.
    type: path
  metrics_file:
    description:
      - A file on the managed host, C(*.prom), for the metrics of all copies
        and of the whole list. A folder that has this file and those of
        I(metrics_folder) has all metrics of a disk twice.
    type: path
  stop_after:
    description:
      - Ends all copies after this time, for example C(7.5h). Disks that are
        incomplete then have C(rc=3); run the same task again to go on.
    type: str
  executable:
    description:
      - The program, by name or path. In I(options) or a disk it means the same,
        and must be the same for all disks.
    type: path
    default: stripecopy
attributes:
  check_mode:
    support: full
    description: Nothing is written, and no file is made.
  diff_mode:
    support: full
    description: Shows how many bytes of each disk are left to copy.
  async:
    support: full
    description: M(stripecopy.disks.watch) shows the progress.
"""

EXAMPLES = r"""
- name: Copy two volumes, both at the same time
  stripecopy.disks.manifest:
    disks:
      - name: web
        source: /dev/vg0/web
        destination: nbds://store.example.com/web?tls-psk-file=/etc/nbd/psk
      - name: mail
        source: /dev/vg0/mail
        destination: nbds://store.example.com/mail?tls-psk-file=/etc/nbd/psk
    options:
      source_id: "{{ snapshot }}"
    folder: /var/lib/stripecopy
    jobs: 2
    attempts: 5
"""

RETURN = r"""
disks:
  description:
    - For the name of each disk, a dictionary with C(rc), C(status), C(changed),
      C(report), C(stderr), C(failed) and, if it failed, C(msg). They mean the
      same as in the result of M(stripecopy.disks.stripecopy). C(cmd) is a
      command line that makes this copy alone, and C(attempts) the number of
      times it was started. In check mode, C(left) is the
      number of bytes to copy and to zero.
  returned: always
  type: dict
rc:
  description: C(0), or the exit status of the first disk that failed.
  returned: always
  type: int
cmd:
  description: The command line.
  returned: always
  type: list
  elements: str
stderr:
  description: What the program wrote to standard error.
  returned: always
  type: str
"""

import json
import os
import tempfile
import threading

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stripecopy.disks.plugins.module_utils import copies

# What can be said of each disk, and of all in options.
DISK = dict(
    {name: spec for name, spec in copies.OPTIONS.items() if name != "map"},
    events=dict(type="path"),
    executable=dict(type="path"),
    extra_args=dict(type="list", elements="str", no_log=True),
    group=dict(type="str"),
    size=dict(type="str"),
    **copies.OUTPUTS,
)

# The program takes short options on the command line only.
LONG_NAMES = {"-C": "connections", "-R": "requests", "-S": "sparse",
              "-T": "threads", "-q": "quiet", "-v": "verbose"}


# ------------------------------------------------------------------ manifest

def merge(params):
    """Returns the disks, each with the options for all that it does not set."""
    disks = []
    for given in params["disks"]:
        disk = dict(given)
        for name in DISK:
            if disk[name] is None:
                disk[name] = params["options"].get(name)
        for name in ("source", "destination"):
            disk[name] = copies.check_operand(name, disk[name])
        # The program refuses other names too, but files are named before.
        if not disk["name"] or "/" in disk["name"]:
            raise ValueError("name must not be empty, or have a slash")
        for suffix in ("map", "status", "report"):
            disk[suffix] = os.path.join(params["folder"],
                                        "%s.%s" % (disk["name"], suffix))
        disk["extra"] = extra_options(disk["extra_args"])
        disks.append(disk)
    return disks


def extra_options(words):
    """Returns the keys of a manifest for options of a command line."""
    options = {}
    last = None
    for word in words or []:
        if word.startswith("--"):
            last, has_value, value = word[2:].partition("=")
            options[last] = value if has_value else True
        elif word[:2] in LONG_NAMES:
            last = LONG_NAMES[word[:2]]
            options[last] = word[2:] or True
        elif last and options[last] is True:
            options[last] = word
        else:
            raise ValueError("extra_args: a disk of many cannot have %s"
                             % copies.mask(word))
    return options


def find_program(module, params, disks):
    names = {disk["executable"] or params["executable"] for disk in disks}
    if len(names) > 1:
        module.fail_json(msg="executable must be the same for all disks")
    return module.get_bin_path(
        names.pop() if names else params["executable"], True)


def mask_all(params):
    return dict(params, options=copies.mask_params(params["options"]),
                disks=[copies.mask_params(disk) for disk in params["disks"]])


def make_copy(module, disk):
    """Returns the manifest's object for a disk."""
    copy = dict(disk["extra"], disk=disk["name"], source=disk["source"],
                destination=disk["destination"])
    for name in ("group", "size"):
        if disk[name] is not None:
            copy[name] = disk[name]
    copy.update(copies.option_values(disk, copies.OPTIONS))
    if not module.check_mode:
        copy["status-file"] = disk["status"]
        if module.params["metrics_folder"]:
            copy["metrics-file"] = os.path.join(
                module.params["metrics_folder"],
                "stripecopy-%s.prom" % disk["name"])
        copy.update(copies.option_values(disk, copies.OUTPUTS))
    return copy


# -------------------------------------------------------------------- events

class Events:
    """Appends each event to the file of its disk, as it arrives."""

    def __init__(self, disks):
        self.files = {disk["name"]: disk["events"] for disk in disks
                      if disk["events"]}
        self.reader, self.writer = os.pipe()
        self.thread = threading.Thread(target=self.distribute, daemon=True)
        self.thread.start()

    def distribute(self):
        with open(self.reader, encoding="utf-8") as events:
            for line in events:
                file = self.files.get(json.loads(line).get("disk"))
                if file:
                    self.append(file, line)

    @staticmethod
    def append(name, line):
        """Appends a line; a full file system must not stop the copy."""
        try:
            with open(name, "a", encoding="utf-8") as file:
                file.write(line)
        except OSError:
            pass

    def close(self):
        os.close(self.writer)
        self.thread.join()


# --------------------------------------------------------------------- a run

class Runner:
    """Runs the program for all disks."""

    def __init__(self, module, params, program, disks):
        self.module = module
        self.params = params
        self.program = program
        self.disks = disks
        self.secrets = [word for disk in disks
                        for word in copies.copy_words(disk, [])]
        self.results = {}
        self.words = self.stderr = None

    def run_all(self):
        self.remove_old_status()
        with tempfile.TemporaryDirectory(dir=self.module.tmpdir) as folder:
            name = os.path.join(folder, "report")
            rc = self.run_manifest(name)
            whole = copies.read_report(name)
            reports = {report.pop("disk"): report
                       for report in whole.get("disks", [])}
            for disk in self.select_disks(reports, whole):
                report = reports.get(disk["name"])
                self.add_result(rc, disk, report, whole)
                if is_complete(report) and not self.module.check_mode:
                    self.write_report(folder, disk, report)

    def select_disks(self, reports, whole):
        """Returns the disks of this host's part, which the report lists."""
        if self.params["part"] and (reports or whole.get("exit") == 0):
            return [disk for disk in self.disks if disk["name"] in reports]
        return self.disks

    def remove_old_status(self):
        """Removes the status files of earlier runs: they would be shown as the
        progress of this run until each copy starts."""
        for disk in [] if self.module.check_mode else self.disks:
            try:
                os.unlink(disk["status"])
            except OSError:
                pass

    def run_manifest(self, report):
        """Runs the program, and returns its exit status."""
        manifest = json.dumps([make_copy(self.module, disk)
                               for disk in self.disks])
        self.words = [self.program, "--manifest=/dev/stdin",
                      "--jobs=%d" % self.params["jobs"], "--report=" + report]
        if self.params["jobs_per_group"] is not None:
            self.words.append("--jobs-per-group=%d"
                              % self.params["jobs_per_group"])
        if self.params["part"]:
            self.words.append("--part=" + self.params["part"])
        more = dict(data=manifest)
        events = None
        if self.module.check_mode:
            self.words.append("--plan")
        else:
            self.words += self.unattended_words()
            if any(disk["events"] for disk in self.disks):
                events = Events(self.disks)
                self.words.append("--events=%d" % events.writer)
                more["pass_fds"] = [events.writer]
        rc, stderr = copies.run(self.module, self.words, **more)
        if events:
            events.close()
        self.stderr = copies.mask_text(stderr, self.secrets)
        return rc

    def unattended_words(self):
        """Returns the options for attempts, the end, the rate and the metrics."""
        words = []
        if self.params["attempts"] > 1:
            words += ["--attempts=%d" % self.params["attempts"],
                      "--attempt-wait=%s" % self.params["wait"]]
        for name in ("stop_after", "bwlimit", "metrics_file"):
            if self.params[name]:
                words.append("--%s=%s" % (name.replace("_", "-"),
                                          self.params[name]))
        return words

    def add_result(self, rc, disk, report, whole):
        """Adds the result of one disk.

        Without a report on this disk, the report on the whole manifest says why
        nothing was started.
        """
        name = disk["name"]
        stderr = self.stderr
        attempts = report.pop("attempts", None) if report else None
        if report:
            rc = rc if report["exit"] is None else report["exit"]
            stderr = "".join(line for line in stderr.splitlines(True)
                             if ": disk %s: " % name in line)
        result = copies.make_result(
            rc, report or whole, stderr,
            [self.program] + copies.copy_words(disk, []))
        if not is_complete(report):
            result["report"] = None
        elif self.module.check_mode:
            result["left"] = copies.count_left(report)
        if report and report["exit"] is None:
            result["changed"] = False   # it was not started
        if attempts is not None:
            result["attempts"] = attempts
        result["failed"] = rc != 0
        self.results[name] = result

    def write_report(self, folder, disk, report):
        name = os.path.join(folder, "one")
        with open(name, "w", encoding="utf-8") as file:
            file.write(json.dumps(report, separators=(",", ":")) + "\n")
        self.module.atomic_move(name, disk["report"])


def is_complete(report):
    """Returns whether this is a copy's own report: of a copy that was killed or
    not started, the program only says so."""
    return bool(report) and "source" in report


# ------------------------------------------------------------------ the task

def finish(module, runner):
    results = runner.results
    failed = {name: result for name, result in results.items()
              if result["failed"]}
    reports = {name: result["report"] for name, result in results.items()
               if result["report"]}
    returned = dict(
        disks=results, cmd=runner.words, stderr=runner.stderr,
        rc=next((result["rc"] for result in failed.values()), 0),
        changed=any(result["changed"] for result in results.values()))
    for name, report in reports.items():
        for warning in report["warnings"]:
            module.warn(copies.mask_text(
                "%s: %s" % (name, warning["message"]), runner.secrets))
    if module._diff:
        returned["diff"] = [copies.make_diff(report)
                            for name, report in reports.items()
                            if name not in failed]
    if failed:
        module.fail_json(
            msg="\n".join("%s: %s" % (name, result["msg"])
                          for name, result in failed.items()), **returned)
    module.exit_json(**returned)


def main():
    sides = dict(source=dict(type="raw", required=True, no_log=True),
                 destination=dict(type="raw", required=True, no_log=True),
                 name=dict(type="str", required=True))
    module = AnsibleModule(
        argument_spec=dict(
            disks=dict(type="list", elements="dict", required=True,
                       no_log=True, options=dict(DISK, **sides)),
            options=dict(type="dict", default={}, no_log=True, options=DISK),
            folder=dict(type="path", required=True),
            jobs=dict(type="int", default=1),
            jobs_per_group=dict(type="int"),
            attempts=dict(type="int", default=1),
            wait=dict(type="float", default=30),
            part=dict(type="str"),
            bwlimit=dict(type="str"),
            metrics_folder=dict(type="path"),
            metrics_file=dict(type="path"),
            stop_after=dict(type="str"),
            executable=dict(type="path", default="stripecopy")),
        supports_check_mode=True)
    try:
        disks = merge(module.params)
    except ValueError as error:
        module.fail_json(msg=str(error))
    params = copies.hide_params(module, mask_all(module.params))
    program = find_program(module, params, disks)
    runner = Runner(module, params, program, disks)
    runner.run_all()
    finish(module, runner)


if __name__ == "__main__":
    main()
