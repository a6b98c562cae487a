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

import json
import os
import re
import tempfile

from ansible.module_utils.basic import AnsibleModule

# The options that become one of the command line by their name alone.
OPTIONS = dict(
    allocated=dict(type="bool", default=False),
    blkhash=dict(type="str"),
    bwlimit=dict(type="str"),
    connect_wait=dict(type="int"),
    connections=dict(type="int"),
    destination_format=dict(type="str"),
    destination_is_zero=dict(type="str", choices=["auto", "yes", "no"]),
    external_files=dict(type="bool", default=False),
    interval=dict(type="float"),
    map=dict(type="path"),
    map_interval=dict(type="float"),
    open_timeout=dict(type="int"),
    resume=dict(type="str", choices=["auto", "require", "never"]),
    retries=dict(type="int"),
    retry_wait=dict(type="float"),
    shard=dict(type="str"),
    source_format=dict(type="str"),
    source_id=dict(type="str"),
    source_size=dict(type="str"),
    stall_timeout=dict(type="int"),
    threads=dict(type="int"),
    verify=dict(type="bool", default=False),
)

# Those that name a file to be written, which a plan must not do.
OUTPUTS = dict(
    events=dict(type="path"),
    status_file=dict(type="path"),
)

# While these are checked, all of their values count as secrets.
OTHERS = dict(
    source=dict(type="raw", required=True, no_log=True),
    destination=dict(type="raw", required=True, no_log=True),
    extra_args=dict(type="list", elements="str", default=[], no_log=True),
    executable=dict(type="path", default="stripecopy"),
    flush=dict(type="bool"),
    report=dict(type="path"),
)

WROTE_NOTHING = [2, 5, 6]       # refused, in use, the map is another's

# ------------------------------------------------------------------- secrets

# The program masks what it prints, but not what the task was given.  These
# rules are its own, made simple: in doubt, too much is hidden.
SECRET = (r"(?:pass(?:word|wd|phrase)?|secret|token|key|cookie|sig(?:nature)?"
          r"|session(?:_?id)?|sid|auth|credential)")
USER_INFO = re.compile(
    r"(?<=://)(?:[^/?#]*@|(?!\[)[^/?#]*:(?!\d*(?:[/?#]|$)).*@)", re.S)
VALUE = re.compile(r"(%s=|secret,.*?data=).+" % SECRET, re.I | re.S)
ANNOUNCES = re.compile(r"--[^=]*%s" % SECRET, re.I)


def mask(word, before=""):
    """One word of a command line, for people; the word before it may say that
    this one is a secret."""
    if ANNOUNCES.fullmatch(before):
        return "***"
    return VALUE.sub(r"\1***", USER_INFO.sub("***@", word))


def mask_words(words):
    return [mask(word, before) for before, word in zip([""] + words, words)]


def mask_operand(operand):
    return mask_words(operand) if isinstance(operand, list) else mask(operand)


def mask_text(text, words):
    """What was said, without any word in it that has to be masked: a server may
    repeat its own command line."""
    for word, masked in zip(words, mask_words(words)):
        if word != masked:
            text = text.replace(word, masked)
    return text


# -------------------------------------------------------------- command line

def check_operand(module, name):
    """A string as it is, or a list of strings."""
    operand = module.params[name]
    if isinstance(operand, list):
        operand = [str(word) for word in operand]
        if not operand or "]" in operand:
            module.fail_json(msg="%s: a command needs words, none of them ]"
                             % name)
    elif not isinstance(operand, str) or operand in ("", "[", "-"):
        module.fail_json(msg="%s must be a name, or a list for a command"
                         % name)
    module.params[name] = operand


def operand_words(operand):
    return ["["] + operand + ["]"] if isinstance(operand, list) else [operand]


def option_words(params, names):
    """A flag for what is true, --name=value for what has a value."""
    words = []
    for name in sorted(names):
        value = params[name]
        if value is None or value is False:
            continue
        word = "--" + name.replace("_", "-")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        words.append(word if value is True else "%s=%s" % (word, value))
    return words


def command_line(module, report):
    """All words but the program's own, which comes first."""
    params = module.params
    words = params["extra_args"] + option_words(params, OPTIONS)
    if params["flush"] is not None:
        words.append("--flush" if params["flush"] else "--no-flush")
    words.append("--report=" + report)
    words += ["--plan"] if module.check_mode else option_words(params, OUTPUTS)
    return (words + ["--"] + operand_words(params["source"])
            + operand_words(params["destination"]))


# ------------------------------------------------------------------- outcome

def read_report(name):
    """Nothing where it is missing: the program was killed."""
    try:
        with open(name, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def make_diff(report):
    """How many bytes are left to copy, before and after."""
    sides = "%s to %s" % (report["source"]["name"],
                          report["destination"]["name"])
    left = report["bytes"] if report["changed"] else dict(data=0, zero=0)
    return dict(before_header=sides, after_header=sides,
                before="data: %(data)s bytes left\nzero: %(zero)s bytes left\n"
                       % left,
                after="data: 0 bytes left\nzero: 0 bytes left\n")


def explain(rc, report, stderr):
    """Why it failed; without a report, what was said."""
    if report.get("error"):
        return report["error"]["message"]
    return stderr.strip() or (
        "stripecopy ended by signal %d" % (rc - 128) if rc > 128
        else "stripecopy ended with status %d" % rc)


def finish(module, rc, words, report, stderr):
    shown = dict(module.params)
    for name in ("source", "destination"):
        shown[name] = mask_operand(shown[name])
    shown["extra_args"] = mask_words(shown["extra_args"])
    result = dict(
        rc=rc, report=report or None, status=report.get("status", "unknown"),
        changed=report.get("changed", rc not in WROTE_NOTHING),
        cmd=mask_words(words), stderr=mask_text(stderr, words),
        invocation=dict(module_args=shown))
    for warning in report.get("warnings", []):
        module.warn(mask_text(warning["message"], words))
    if rc != 0:
        module.fail_json(
            msg=mask_text(explain(rc, report, stderr), words), **result)
    if report and module._diff:
        result["diff"] = make_diff(report)
    module.exit_json(**result)


def run(module, report):
    program = module.get_bin_path(module.params["executable"], True)
    words = [program] + command_line(module, report)
    rc, _output, stderr = module.run_command(
        words, environ_update=dict(LC_ALL="C"), expand_user_and_vars=False)
    return 128 - rc if rc < 0 else rc, words, stderr


def main():
    module = AnsibleModule(argument_spec=dict(OPTIONS, **OUTPUTS, **OTHERS),
                           supports_check_mode=True)
    for name in ("source", "destination"):
        check_operand(module, name)
    # From here on secrets are masked by word: Ansible would hide the names of
    # disks, and each number that has a short password in it.
    module.no_log_values = set()

    # A report of its own: another run, of a copy that is in use, has one too.
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as folder:
        name = os.path.join(folder, "report")
        rc, words, stderr = run(module, name)
        report = read_report(name)
        if report and module.params["report"] and not module.check_mode:
            module.atomic_move(name, module.params["report"])
    finish(module, rc, words, report, stderr)


if __name__ == "__main__":
    main()
