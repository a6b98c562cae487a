#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies one disk by running stripecopy, and returns its report."""

DOCUMENTATION = r"""
module: stripecopy
short_description: Copies a disk between NBD servers, files and block devices
version_added: 1.0.0
description:
  - Runs C(stripecopy) on the managed host, without a shell, and returns its
    report.
  - With a I(map), an interrupted copy is resumed, and a complete one is left
    alone, so that the task is C(ok) and not C(changed). Without a map, each run
    copies the whole disk again.
  - In check mode both sides are opened and nothing is written. The task is
    C(changed) if there is something left to copy.
  - Secrets in I(source), I(destination) and I(extra_args) are neither logged
    nor returned. But while the copy runs, all users of the managed host can see
    them in the list of processes. Name files instead, as in C(tls-psk-file=).
author:
  - The stripecopy project (@stripecopy)
requirements:
  - stripecopy on the managed host
  - Python 3.6 or later there
options:
  source:
    description:
      - The disk to read. A string is a file, a device or a URI. A list is the
        command of an NBD server, which stripecopy starts for the copy.
    type: raw
    required: true
  destination:
    description:
      - The disk to write, in the same forms, or C(null:) to discard the data.
    type: raw
    required: true
  map:
    description:
      - A file on the managed host that records which ranges are copied. Its
        folder must exist. With I(shard), C(%i) stands for the number of the
        part.
    type: path
  map_interval:
    description:
      - Seconds between two checkpoints. Data that was copied after the last
        checkpoint is copied again if the copy is killed.
    type: float
  resume:
    description:
      - C(auto) resumes the copy if its I(map) exists, C(require) fails if it
        does not exist, and C(never) replaces it.
    type: str
    choices: [auto, require, never]
  source_id:
    description:
      - A name for this state of the source, such as the name of a snapshot. A
        map with a different one is refused with C(rc=6).
    type: str
  shard:
    description:
      - The part of the disk to copy, for example C(2/3) for the second of
        three, so that several hosts can copy one disk.
    type: str
  bwlimit:
    description:
      - The highest rate in bytes per second, for example C(100M), or C(@FILE)
        for a file with the rate, which is read again when it changes.
    type: str
  changed:
    description:
      - A meta context of the source that selects what is copied, for example
        C(qemu:dirty-bitmap:round-1) or C(qemu:allocation-depth). The
        destination must exist, and a I(map) requires a I(source_id). If the
        server does not offer the context, nothing is written and C(rc=2).
    type: str
  extents:
    description:
      - A file on the managed host with a list of extents that selects what is
        copied. The destination must exist.
    type: path
  differences:
    description:
      - A file on the managed host for a list of all places that differ. It
        requires I(verify), and can be the I(extents) of another copy.
    type: path
  update:
    description:
      - Reads both sides, and writes only what differs.
    type: bool
    default: false
  verify:
    description:
      - C(yes) reads both sides again after the copy and compares them, also if
        nothing was left to copy. With I(changed) or I(extents) it compares
        only what was selected, as C(copied) does, and C(all) compares the whole
        disk.
    type: str
    choices: ['no', 'yes', copied, all]
    default: 'no'
  retries:
    description:
      - How often a failed request or a lost connection is retried within one
        run.
    type: int
  retry_wait:
    description:
      - Seconds before the first retry. The wait doubles with each retry.
    type: float
  connect_wait:
    description:
      - Seconds to wait for an NBD server that does not accept connections yet.
    type: float
  external_files:
    description:
      - Allows an image as destination that names other files, such as a backing
        file.
    type: bool
    default: false
  source_size:
    description:
      - The size that the source must have, for example C(40G). A stream that
        ends early is an error then.
    type: str
  open_timeout:
    description:
      - Seconds after which the copy fails if a side cannot be opened.
    type: float
  stall_timeout:
    description:
      - Seconds after which the copy fails if it makes no progress.
    type: float
  source_format:
    description:
      - The format of the source's file or web address, for example C(qcow2).
    type: str
  destination_format:
    description:
      - The format of the destination's file.
    type: str
  destination_is_zero:
    description:
      - Whether the destination reads as zeroes. C(auto) asks the destination.
    type: str
    choices: [auto, 'yes', 'no']
  destination_options:
    description:
      - Options for an image that the copy creates, as C(qemu-img create -o)
        takes them, for example C(cluster_size=1M). They require
        I(destination_format).
    type: str
  allow_same_disk:
    description:
      - Allows source and destination to be one disk.
    type: bool
    default: false
  salvage:
    description:
      - Copies all that can be read, also if the source cannot be read at some
        places. C(leave) writes nothing there, and C(zero) zeroes it. The task
        fails with C(rc=1) if such places are left, and the report counts them.
    type: str
    choices: ['no', leave, zero]
  stop_after:
    description:
      - Ends the copy with C(rc=3) after this time, for example C(7.5h). It
        requires a I(map); run the same task again to go on.
    type: str
  allocated:
    description:
      - Allocates the blocks of zeroes at the destination.
    type: bool
    default: false
  flush:
    description:
      - C(true) refuses a destination that cannot flush, and C(false) does not
        flush. By default the destination is flushed if it can be.
    type: bool
  blkhash:
    description:
      - The digest to compute, for example C(sha256). The report has its value.
        With I(shard), that of the part which is complete last has it, and
        I(map) must contain C(%i).
    type: str
  connections:
    description:
      - The highest number of connections to each server.
    type: int
  threads:
    description:
      - The highest number of workers. C(0) means one for each processor.
    type: int
  events:
    description:
      - A file on the managed host to append all events to, one in each line.
    type: path
  status_file:
    description:
      - A file on the managed host that always contains the latest event.
    type: path
  metrics_file:
    description:
      - A file on the managed host, C(*.prom), for metrics in the text format of
        Prometheus. Put it into the folder of node_exporter's textfile
        collector.
    type: path
  interval:
    description:
      - Seconds between two events about progress.
    type: float
  report:
    description:
      - A file on the managed host for the report. It replaces the report of
        an earlier run.
    type: path
  extra_args:
    description:
      - More options, as on the command line.
    type: list
    elements: str
    default: []
  executable:
    description:
      - The program, by name or path.
    type: path
    default: stripecopy
attributes:
  check_mode:
    support: full
    description: Nothing is written, and no file is made.
  diff_mode:
    support: full
    description: Shows how many bytes are left to copy, before and after.
  async:
    support: full
    description: M(stripecopy.disks.watch) shows the progress.
notes:
  - After C(rc=3) the copy is incomplete, and after C(rc=5) a disk is in use.
    Run the same task again in these cases.
"""

EXAMPLES = r"""
- name: Copy a volume to a server
  stripecopy.disks.stripecopy:
    source: /dev/vg0/web
    destination: nbds://store.example.com/web?tls-psk-file=/etc/nbd/psk
    map: /var/lib/stripecopy/web.map
    verify: true

- name: Copy an image, through a server that is started for it
  stripecopy.disks.stripecopy:
    source: [qemu-nbd, -r, -e, '4', -f, qcow2, /images/old.qcow2]
    destination: /dev/vg0/new
    map: /var/lib/stripecopy/new.map
    source_id: "{{ snapshot }}"
  async: 86400
  poll: 30
  register: copied
"""

RETURN = r"""
report:
  description: The report as stripecopy wrote it, or C(null) without a report.
  returned: always
  type: dict
status:
  description:
    - How the copy ended. One of C(ok), C(unchanged), C(incomplete), C(stopped), C(failed),
      C(different) and C(planned), or C(unknown) without a report.
  returned: always
  type: str
rc:
  description: The exit status; 128 plus its number after a signal.
  returned: always
  type: int
cmd:
  description: The command line with its secrets masked.
  returned: always
  type: list
  elements: str
stderr:
  description: The messages of stripecopy and of the servers it started.
  returned: always
  type: str
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stripecopy.disks.plugins.module_utils import copies

# What a plan must not have: files that the program writes, and an end.
OUTPUTS = dict(
    copies.OUTPUTS,
    events=dict(type="path"),
    status_file=dict(type="path"),
    stop_after=dict(type="str"),
)

# no_log hides these from the log of the host.
OTHERS = dict(
    source=dict(type="raw", required=True, no_log=True),
    destination=dict(type="raw", required=True, no_log=True),
    extra_args=dict(type="list", elements="str", default=[], no_log=True),
    executable=dict(type="path", default="stripecopy"),
    report=dict(type="path"),
    # Flags have a default that ansible-doc can show.
    allocated=dict(type="bool", default=False),
    allow_same_disk=dict(type="bool", default=False),
    external_files=dict(type="bool", default=False),
    update=dict(type="bool", default=False),
    verify=dict(type="str", default="no",
                choices=["no", "yes", "copied", "all"]),
)


def check_operands(module):
    for name in ("source", "destination"):
        try:
            module.params[name] = copies.check_operand(name,
                                                       module.params[name])
        except ValueError as error:
            module.fail_json(msg=str(error))


def command_line(module, params, program, report):
    more = ["--report=" + report]
    more += (["--plan"] if module.check_mode
             else copies.option_words(params, OUTPUTS))
    return [program] + copies.copy_words(params, more)


def finish(module, report, result, words):
    for warning in report.get("warnings", []):
        module.warn(copies.mask_text(warning["message"], words))
    if result["rc"] != 0:
        module.fail_json(**result)
    if report and module._diff:
        result["diff"] = copies.make_diff(report)
    module.exit_json(**result)


def main():
    module = AnsibleModule(
        argument_spec=dict(copies.OPTIONS, **OUTPUTS, **OTHERS),
        supports_check_mode=True)
    check_operands(module)
    params = copies.hide_params(module, copies.mask_params(module.params))
    program = module.get_bin_path(params["executable"], True)

    # The program writes to a file of ours first: when a copy is in use, the
    # file that the user named belongs to the other run.
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as folder:
        name = os.path.join(folder, "report")
        words = command_line(module, params, program, name)
        rc, stderr = copies.run(module, words)
        report = copies.read_report(name)
        if report and params["report"] and not module.check_mode:
            module.atomic_move(name, params["report"])
    finish(module, report, copies.make_result(rc, report, stderr, words), words)


if __name__ == "__main__":
    main()
