#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ansible-doc shows of the action plugin of this name."""

DOCUMENTATION = r"""
module: watch
short_description: Shows how far copies in the background are
description:
  - Waits until tasks of M(stripecopy.disks.stripecopy) with C(async) and
    C(poll=0) have ended, and prints a line on each whenever it has moved.
  - Only waits. Whether they did well is for M(ansible.builtin.async_status).
author:
  - The stripecopy project (@stripecopy)
options:
  jobs:
    description:
      - The copies to wait for. For the name of each, the C(results_file) that
        its task returned.
    type: dict
    required: true
  folder:
    description:
      - Where their status files are, as C(NAME.status), on the managed host.
    type: path
    required: true
  interval:
    description:
      - Seconds between two looks.
    type: float
    default: 10
  limit:
    description:
      - Seconds after which to give up. The copies go on.
    type: float
attributes:
  check_mode:
    support: full
    description: Changes nothing anyway.
"""

EXAMPLES = r"""
- name: Start a copy
  stripecopy.disks.stripecopy:
    source: /dev/vg0/web
    destination: nbd://store.example.com/web
    map: /var/lib/stripecopy/web.map
    status_file: /var/lib/stripecopy/web.status
  async: 86400
  poll: 0
  register: started

- name: Watch it
  stripecopy.disks.watch:
    jobs:
      web: "{{ started.results_file }}"
    folder: /var/lib/stripecopy

- name: See how it ended
  ansible.builtin.async_status:
    jid: "{{ started.ansible_job_id }}"
"""

RETURN = r"""
"""
