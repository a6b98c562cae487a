#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Begins and ends the rounds in which the disks of a running QEMU are copied,
by its monitor protocol, QMP."""

DOCUMENTATION = r"""
module: qemu_round
short_description: Records what a running QEMU writes, for copies in rounds
version_added: 1.0.0
description:
  - Makes dirty bitmaps for the disks of a running QEMU, and exports the disks
    by NBD, so that M(stripecopy.disks.stripecopy) can copy them, and then again
    and again what was written meanwhile.
  - Sends the commands by QMP, the protocol of QEMU's monitor. The playbook
    C(stripecopy.disks.rounds) shows how to use it.
  - The bitmaps have the names I(PREFIX-1), I(PREFIX-2) and so on, and C(PREFIX)
    is new whenever a record begins. The bitmap with the highest number records
    what is written now; the one before is of the round that is copied.
  - The bitmaps are lost when QEMU ends, so start it with C(-no-shutdown).
author:
  - The stripecopy project (@stripecopy)
requirements:
  - QEMU 5.2 or later
  - Python 3.6 or later on the managed host
options:
  monitor:
    description:
      - The unix socket of the monitor, from QEMU's option C(-qmp).
    type: path
    required: true
  nbd:
    description:
      - The unix socket of QEMU's NBD server, which is started if it does not
        run. If it runs, this must be its socket.
    type: path
    required: true
  nodes:
    description:
      - For the name of each disk, the name of its block node in QEMU.
    type: dict
    required: true
  state:
    description:
      - C(recording) begins to record what is written, if nothing is recorded
        yet, and exports the disks for the first copy.
      - C(begun) freezes what was recorded, begins the next bitmap at the same
        moment, for all disks, and exports the frozen bitmaps. If there are
        frozen bitmaps, because their round has failed, it only exports them.
      - C(ended) removes the exports and the frozen bitmaps of the round
        I(number). Use it when their copies have succeeded.
      - C(stopped) asks the guest to shut down, if it runs, and waits until it
        has stopped.
    type: str
    choices: [recording, begun, ended, stopped]
    required: true
  number:
    description:
      - The round to end.
    type: int
  timeout:
    description:
      - Seconds to wait for each reply and event of QEMU.
    type: float
    default: 600
attributes:
  check_mode:
    support: full
    description: Returns what the next round would copy, and only asks QEMU.
  diff_mode:
    support: none
    description: Bitmaps have no content that could be shown.
"""

EXAMPLES = r"""
- name: Freeze what was recorded
  stripecopy.disks.qemu_round:
    monitor: /run/qemu/guest.qmp
    nbd: /run/qemu/guest.nbd
    nodes:
      root: disk0
    state: begun
  register: begun

- name: Copy it
  stripecopy.disks.stripecopy:
    source: "{{ begun.copies.root.source }}"
    changed: "{{ begun.copies.root.changed }}"
    source_id: "{{ begun.copies.root.source_id }}"
    map: "/var/lib/stripecopy/{{ begun.copies.root.name }}.map"
    destination: /dev/vg0/root

- name: Forget it
  stripecopy.disks.qemu_round:
    monitor: /run/qemu/guest.qmp
    nbd: /run/qemu/guest.nbd
    nodes:
      root: disk0
    state: ended
    number: "{{ begun.number }}"
"""

RETURN = r"""
number:
  description: The number of the round, C(0) for the first copy.
  returned: except with I(state=stopped)
  type: int
bytes:
  description:
    - For the name of each disk, how many bytes the round would copy at most.
      That is the size of the disk if nothing is recorded yet.
  returned: in check mode, with I(state=recording) and I(state=begun)
  type: dict
copies:
  description:
    - For the name of each disk, the options I(source), I(source_id) and, except
      for the first copy, I(changed) of M(stripecopy.disks.stripecopy), and a
      I(name) that no other round has.
  returned: except with I(state=stopped), and except in check mode
  type: dict
"""

import re
import time
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stripecopy.disks.plugins.module_utils import qmp

BITMAP = re.compile(r"(stripecopy-[0-9]+)-([0-9]+)")


class Failure(Exception):
    """A record that cannot be used."""


class Recorder:
    """The bitmaps and exports of the disks of one QEMU."""

    def __init__(self, monitor, nodes):
        self.monitor = monitor
        self.nodes = nodes
        self.changed = False
        self.prefix, self.numbers = self.find_bitmaps()

    def find_bitmaps(self):
        """Returns the prefix of our bitmaps, and their numbers.

        They must be the same for all disks: a disk without one of them has lost
        it, and what was written to it is unknown.
        """
        found = {}
        for node in self.query_nodes():
            names = [bitmap["name"] for bitmap in node.get("dirty-bitmaps", [])
                     if BITMAP.fullmatch(bitmap.get("name", ""))
                     and not bitmap.get("inconsistent")]
            found[node["node-name"]] = sorted(names)
        if not self.nodes:
            raise Failure("nodes names no disk")
        for name, node in self.nodes.items():
            if node not in found:
                raise Failure("%s: QEMU has no node %s" % (name, node))
        sets = [found[node] for node in self.nodes.values()]
        if any(names != sets[0] for names in sets):
            raise Failure("the disks have different bitmaps: %s" % ", ".join(
                "%s has %s" % (name, " and ".join(found[node]) or "none")
                for name, node in self.nodes.items()))
        matches = [BITMAP.fullmatch(name) for name in sets[0]]
        prefixes = {match.group(1) for match in matches}
        if len(prefixes) > 1:
            raise Failure("there are bitmaps of several records: %s"
                          % ", ".join(sets[0]))
        return (prefixes.pop() if prefixes else None,
                sorted(int(match.group(2)) for match in matches))

    def query_nodes(self):
        return self.monitor.execute({"execute": "query-named-block-nodes",
                                     "arguments": {"flat": True}})

    def count(self):
        """Returns for each disk how many bytes the next round would copy."""
        nodes = {node["node-name"]: node for node in self.query_nodes()}
        if not self.numbers:
            return {name: nodes[node]["image"]["virtual-size"]
                    for name, node in self.nodes.items()}
        first = self.bitmap(self.numbers[0])
        return {name: next(bitmap["count"]
                           for bitmap in nodes[node]["dirty-bitmaps"]
                           if bitmap.get("name") == first)
                for name, node in self.nodes.items()}

    def execute(self, name, arguments):
        self.monitor.execute({"execute": name, "arguments": arguments})
        self.changed = True

    def bitmap(self, number):
        return "%s-%d" % (self.prefix, number)

    def transaction(self, kinds):
        """Does the same with the bitmaps of all disks, at one moment: kinds are
        pairs of an action and the number of a bitmap."""
        self.execute("transaction", {"actions": [
            {"type": kind,
             "data": {"node": node, "name": self.bitmap(number)}}
            for kind, number in kinds for node in self.nodes.values()]})

    def record(self):
        """Begins to record, unless something is recorded."""
        if not self.numbers:
            self.prefix = "stripecopy-%d" % time.time()
            self.transaction([("block-dirty-bitmap-add", 1)])
        return 0

    def begin(self):
        """Returns the number of the frozen bitmap, and freezes one if there is
        none."""
        if not self.numbers:
            raise Failure("nothing was recorded: use state=recording first")
        if len(self.numbers) == 1:
            last = self.numbers[0]
            self.transaction([("block-dirty-bitmap-add", last + 1),
                              ("block-dirty-bitmap-disable", last)])
            self.numbers.append(last + 1)
        return self.numbers[0]

    def end(self, number):
        """Removes the exports of a round, and its bitmaps. Never removes the
        bitmap that records."""
        exports = self.find_exports()
        for name in self.nodes:
            if self.export(number, name) in exports:
                self.execute("block-export-del",
                             {"id": self.export(number, name)})
        if number in self.numbers[:-1]:
            self.transaction([("block-dirty-bitmap-remove", number)])
        return number

    def export(self, number, name):
        return "%s-%s" % (self.bitmap(number), name)

    def find_exports(self):
        return {export["id"] for export in self.monitor.execute(
            {"execute": "query-block-exports"})}

    def has_exports(self, number):
        """Returns whether all disks are exported for this round."""
        return self.find_exports().issuperset(
            self.export(number, name) for name in self.nodes)

    def serve(self, socket, number):
        """Exports all disks, with the bitmaps of this round."""
        try:
            self.execute("nbd-server-start", {
                "addr": {"type": "unix", "data": {"path": socket}}})
        except qmp.QmpError as error:
            if "already running" not in str(error):
                raise
        exports = self.find_exports()
        for name, node in self.nodes.items():
            export = self.export(number, name)
            if export not in exports:
                self.execute("block-export-add", {
                    "type": "nbd", "id": export, "name": export,
                    "node-name": node,
                    "bitmaps": [self.bitmap(number)] if number > 0 else []})

    def copies(self, socket, number):
        """Returns the options for the copy of each disk."""
        result = {}
        for name in self.nodes:
            export = self.export(number, name)
            result[name] = dict(
                name=export, source_id=self.bitmap(number),
                source="nbd+unix:///%s?socket=%s" % (quote(export),
                                                     quote(socket)))
            if number > 0:
                result[name]["changed"] = (
                    "qemu:dirty-bitmap:" + self.bitmap(number))
        return result


def stop(monitor, timeout):
    """Shuts the guest down; returns whether it was running.

    A machine that is paused has data in its memory that is not on its disks.
    """
    deadline = time.monotonic() + timeout
    status = old = monitor.execute({"execute": "query-status"})["status"]
    if status == "running":
        monitor.execute({"execute": "system_powerdown"})
    while status == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
        status = monitor.execute({"execute": "query-status"})["status"]
    if status != "shutdown":
        raise Failure("the guest is not shut down, but %s" % status)
    return old == "running"


def plan(params):
    """Returns what the task would do, and changes nothing."""
    monitor = qmp.Monitor(params["monitor"], params["timeout"])
    if params["state"] == "stopped":
        status = monitor.execute({"execute": "query-status"})["status"]
        return dict(changed=status == "running")
    recorder = Recorder(monitor, params["nodes"])
    if params["state"] == "ended":
        return dict(changed=params["number"] in recorder.numbers[:-1],
                    number=params["number"])
    # A round that has failed is copied again, and changes no bitmap.
    number = recorder.numbers[0] if recorder.numbers else 0
    records, exported = ((1, 0) if params["state"] == "recording"
                         else (2, number))
    return dict(changed=(len(recorder.numbers) < records
                         or not recorder.has_exports(exported)),
                bytes=recorder.count(), number=number)


def run(params):
    monitor = qmp.Monitor(params["monitor"], params["timeout"])
    if params["state"] == "stopped":
        return dict(changed=stop(monitor, params["timeout"]))
    recorder = Recorder(monitor, params["nodes"])
    if params["state"] == "ended":
        number = recorder.end(params["number"])
    else:
        number = (recorder.record() if params["state"] == "recording"
                  else recorder.begin())
        recorder.serve(params["nbd"], number)
    monitor.close()
    return dict(changed=recorder.changed, number=number,
                copies=recorder.copies(params["nbd"], number))


def main():
    module = AnsibleModule(
        argument_spec=dict(
            monitor=dict(type="path", required=True),
            nbd=dict(type="path", required=True),
            nodes=dict(type="dict", required=True),
            state=dict(type="str", required=True,
                       choices=["recording", "begun", "ended", "stopped"]),
            number=dict(type="int"),
            timeout=dict(type="float", default=600)),
        required_if=[("state", "ended", ["number"])],
        supports_check_mode=True)
    try:
        result = (plan if module.check_mode else run)(module.params)
    except (OSError, ValueError, Failure, qmp.QmpError) as error:
        module.fail_json(msg="QEMU: %s" % error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
