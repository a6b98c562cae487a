#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies one disk by running stripecopy, and returns its report.

All that is known of a copy is in the report; this only makes a command line of
a task's options, and an outcome of the report.
"""

DOCUMENTATION = r"""
module: stripecopy
short_description: Copies a disk between NBD servers, files and block devices
description:
  - Runs C(stripecopy) on the managed host, without a shell, and returns its
    report.
  - With a I(map), a copy that was cut short goes on where it was, and one that
    is complete is left alone, so that the task is C(ok) and not C(changed).
    Without one, each run copies the disk again.
  - In check mode both sides are opened and nothing is written. The task is
    C(changed) where there is something left to copy.
  - Secrets in I(source), I(destination) and I(extra_args) are neither logged
    nor returned. The managed host's own users can see them in its list of
    processes; files, as in C(tls-psk-file=), cannot be seen there.
author:
  - The stripecopy project (@stripecopy)
requirements:
  - stripecopy on the managed host
  - Python 3.6 or later there
options:
  source:
    description:
      - The disk to read. A file, a device or an NBD URI; or a list, the command
        of a server to start, which stands in brackets on the command line.
    type: raw
    required: true
  destination:
    description:
      - The disk to write, in the same forms; or C(null:), which keeps nothing.
    type: raw
    required: true
  map:
    description:
      - A file on the managed host that remembers what was copied. Its folder
        has to be there.
    type: path
  map_interval:
    description:
      - Seconds between two checkpoints. What was copied since the last one is
        lost when the copy is killed.
    type: float
  resume:
    description:
      - What to do about a map that is there.
    type: str
    choices: [auto, require, never]
  source_id:
    description:
      - A name for this state of the source, as that of a snapshot. A map made
        with another one is refused, with C(rc=6).
    type: str
  shard:
    description:
      - Copies one part of the disk, as C(2/3) the second of three, so that
        several hosts can copy one disk.
    type: str
  bwlimit:
    description:
      - Bytes a second at most, as C(100M); or C(@FILE), which is read again
        when it changes.
    type: str
  verify:
    description:
      - Reads both sides again after the copy, and compares them; also where
        nothing was left to copy.
    type: bool
    default: false
  retries:
    description:
      - How often a request that failed, or a connection that was lost, is tried
        again within one run.
    type: int
  retry_wait:
    description:
      - Seconds before the first of these retries. They double from one to the
        next.
    type: float
  connect_wait:
    description:
      - Seconds to wait for an NBD server that is not there yet.
    type: int
  external_files:
    description:
      - Writes into a destination's image also where it names other files.
    type: bool
    default: false
  source_size:
    description:
      - The size that a stream must have, for example C(40G).
    type: str
  open_timeout:
    description:
      - Seconds until a side that cannot be opened is given up.
    type: int
  stall_timeout:
    description:
      - Seconds until a copy that does not move is given up.
    type: int
  source_format:
    description:
      - What is in the source's file, or behind its web address, as C(qcow2).
    type: str
  destination_format:
    description:
      - What to write into the destination's file.
    type: str
  destination_is_zero:
    description:
      - Whether the destination reads as zeroes. C(auto) asks it.
    type: str
    choices: [auto, 'yes', 'no']
  allocated:
    description:
      - Writes zeroes as allocated blocks.
    type: bool
    default: false
  flush:
    description:
      - C(true) refuses a destination that cannot flush. C(false) does not flush
        at the end. By default it is flushed where that is possible.
    type: bool
  blkhash:
    description:
      - Computes a digest of the disk, as C(sha256). It is in the report.
    type: str
  connections:
    description:
      - How many connections to make to each server at most.
    type: int
  threads:
    description:
      - How many workers there are at most; C(0) means one a processor.
    type: int
  events:
    description:
      - A file on the managed host that each event is appended to, a line each.
    type: path
  status_file:
    description:
      - A file on the managed host that has the latest event, for whoever polls.
    type: path
  interval:
    description:
      - Seconds between two events about progress.
    type: float
  report:
    description:
      - A file on the managed host that gets the report, in place of that of
        the run before.
    type: path
  extra_args:
    description:
      - More options for the command line, as they stand there.
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
    description: I(status_file) tells how far the copy is.
notes:
  - A copy that failed with C(rc=3) or C(rc=5) can be tried again as it is.
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
  description: The report, as stripecopy wrote it; C(null) where there is none.
  returned: always
  type: dict
status:
  description:
    - How the copy ended. One of C(ok), C(unchanged), C(incomplete), C(failed),
      C(different), C(planned); or C(unknown), without a report.
  returned: always
  type: str
rc:
  description: The exit status; 128 and the signal's number, for a signal.
  returned: always
  type: int
cmd:
  description: The command line, secrets masked.
  returned: always
  type: list
  elements: str
stderr:
  description: What stripecopy and the servers it started said.
  returned: always
  type: str
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stripecopy.disks.plugins.module_utils import copies

# Files that the program writes, which a plan must not do.
OUTPUTS = dict(
    events=dict(type="path"),
    status_file=dict(type="path"),
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
    external_files=dict(type="bool", default=False),
    verify=dict(type="bool", default=False),
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
