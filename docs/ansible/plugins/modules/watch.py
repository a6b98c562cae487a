#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: watch
short_description: Shows the progress of copies in the background
version_added: 1.0.0
description:
  - Waits until tasks of M(stripecopy.disks.stripecopy) or
    M(stripecopy.disks.manifest) with C(async) and C(poll=0) have ended, and
    prints a line for each copy whenever its progress has changed.
  - Only waits. M(ansible.builtin.async_status) returns the results.
author:
  - The stripecopy project (@stripecopy)
options:
  jobs:
    description:
      - For the name of each copy to wait for, the C(results_file) that its
        task returned. Copies of one manifest have the same file.
    type: dict
    required: true
  folder:
    description:
      - The folder on the managed host that has the status files of the copies,
        C(NAME.status).
    type: path
    required: true
  interval:
    description:
      - Seconds between two looks at the files.
    type: float
    default: 10
  limit:
    description:
      - Seconds after which the task fails. The copies continue.
    type: float
attributes:
  check_mode:
    support: full
    description: Never changes anything.
  diff_mode:
    support: none
    description: Never changes anything.
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
