# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs an Indexed Job as Kubernetes would, with a process for each pod.

indexed-job.py FILE ROOT: devices and mounts are files below ROOT.  Prints the
exit status of each pod, and what the policy of the job makes of it.  Ends with
1 if an index has failed.
"""

import os
import re
import subprocess
import sys

import yaml

ENTRYPOINT = ["stripecopy"]             # of docs/packaging/Containerfile


def check(job):
    """What the API server refuses, of the fields that are used here."""
    spec = job["spec"]
    pod = spec["template"]["spec"]
    assert job["apiVersion"] == "batch/v1"
    assert spec["completionMode"] == "Indexed" and spec["completions"] > 0
    assert pod["restartPolicy"] == "Never"      # a policy for failures needs it
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["containers"]:
        for used in container["volumeDevices"] + container["volumeMounts"]:
            assert used["name"] in volumes, used
    for rule in spec["podFailurePolicy"]["rules"]:
        assert rule["action"] in ("Ignore", "FailIndex", "Count", "FailJob")
        assert len(rule) == 2, rule
        if "onExitCodes" in rule:
            assert 0 not in rule["onExitCodes"]["values"]


def expand(container, root, environment):
    """Returns the command of a container, with paths below root."""
    places = [device["devicePath"] for device in container["volumeDevices"]]
    places += [mount["mountPath"] for mount in container["volumeMounts"]]

    def replace(word):
        word = re.sub(r"\$\((\w+)\)", lambda m: environment[m[1]], word)
        return re.sub(r"(?<![\w/])(%s)(?![\w])" % "|".join(places),
                      lambda m: root + m[0], word)
    return [replace(word)
            for word in container.get("command", ENTRYPOINT) + container["args"]]


def judge(rules, code):
    """Returns the action of the first rule for an exit status."""
    for rule in rules:
        if code in rule.get("onExitCodes", {}).get("values", []):
            return rule["action"]
    return "Count"


def run_index(spec, root, index):
    """Runs the pods of an index; returns whether one has succeeded."""
    environment = dict(os.environ, JOB_COMPLETION_INDEX=str(index))
    command = expand(spec["template"]["spec"]["containers"][0], root,
                     environment)
    for _ in range(spec["backoffLimitPerIndex"] + 1):
        code = subprocess.run(command, env=environment, check=False).returncode
        if code == 0:
            print(index, code, "Complete")
            return True
        action = judge(spec["podFailurePolicy"]["rules"],
                       128 - code if code < 0 else code)
        print(index, code, action)
        if action == "FailIndex":
            return False
    return False


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = next(part for part in yaml.safe_load_all(file)
                   if part["kind"] == "Job")
    check(job)
    done = [run_index(job["spec"], sys.argv[2], index)
            for index in range(job["spec"]["completions"])]
    sys.exit(not all(done))


if __name__ == "__main__":
    main()
