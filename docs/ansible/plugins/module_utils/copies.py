# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared by the modules that run stripecopy: its options, how to hide secrets
in them, and how to turn a report into the result of a task."""

import json
import re

# Each of these becomes the option of the same name, with "-" for "_".
OPTIONS = dict(
    allow_same_disk=dict(type="bool"),
    allocated=dict(type="bool"),
    blkhash=dict(type="str"),
    bwlimit=dict(type="str"),
    changed=dict(type="str"),
    connect_wait=dict(type="float"),
    connections=dict(type="int"),
    destination_format=dict(type="str"),
    destination_options=dict(type="str"),
    destination_is_zero=dict(type="str", choices=["auto", "yes", "no"]),
    extents=dict(type="path"),
    external_files=dict(type="bool"),
    flush=dict(type="bool"),
    interval=dict(type="float"),
    map=dict(type="path"),
    map_interval=dict(type="float"),
    open_timeout=dict(type="float"),
    resume=dict(type="str", choices=["auto", "require", "never"]),
    retries=dict(type="int"),
    retry_wait=dict(type="float"),
    salvage=dict(type="str", choices=["no", "leave", "zero"]),
    shard=dict(type="str"),
    source_format=dict(type="str"),
    source_id=dict(type="str"),
    source_size=dict(type="str"),
    stall_timeout=dict(type="float"),
    threads=dict(type="int"),
    update=dict(type="bool"),
    verify=dict(type="str", choices=["no", "yes", "copied", "all"]),
)

# Files that the program writes, which a plan must not do, of both modules.
OUTPUTS = dict(
    differences=dict(type="path"),
    metrics_file=dict(type="path"),
)

# With these exit statuses nothing was written: the command line was refused, a
# side or the map is in use, or the map is for a different copy.
WROTE_NOTHING = [2, 5, 6]

# ------------------------------------------------------------------- secrets

# The program masks secrets in its output.  The options of the task we have to
# mask here, by the same rules in a simpler form: in doubt, they hide too much.
SECRET = (r"(?:pass(?:word|wd|phrase)?|secret|token|key|cookie|sig(?:nature)?"
          r"|session(?:_?id)?|sid|auth|credential)")
USER_INFO = re.compile(
    r"(?<=://)(?:[^/?#]*@|(?!\[)[^/?#]*:(?!\d*(?:[/?#]|$)).*@)", re.S)
VALUE = re.compile(r"(%s=|secret,.*?data=).+" % SECRET, re.I | re.S)
ANNOUNCES = re.compile(r"--[^=]*%s" % SECRET, re.I)


def mask(word, before=""):
    """Masks the secrets in a word of a command line.

    The word before it may be an option whose value is a secret.
    """
    if ANNOUNCES.fullmatch(before):
        return "***"
    return VALUE.sub(r"\1***", USER_INFO.sub("***@", word))


def mask_words(words):
    return [mask(word, before) for before, word in zip([""] + words, words)]


def mask_operand(operand):
    return mask_words(operand) if isinstance(operand, list) else mask(operand)


def mask_params(params):
    """Returns the options of one copy with their secrets masked."""
    shown = dict(params)
    for name in ("source", "destination"):
        if shown.get(name):
            shown[name] = mask_operand(shown[name])
    if shown.get("extra_args"):
        shown["extra_args"] = mask_words(shown["extra_args"])
    return shown


def hide_params(module, masked):
    """Replaces the module's parameters, which Ansible shows in each result, by
    the masked ones; returns the true ones.

    From here on secrets are masked word by word: Ansible would also hide the
    names of disks, and each number that contains a short password.
    """
    params = module.params
    module.params = masked
    module.no_log_values = set()
    return params


def mask_text(text, words):
    """Masks the secrets of a command line in a text.

    A server may print its own command line, for example.
    """
    for word, masked in zip(words, mask_words(words)):
        if word != masked:
            text = text.replace(word, masked)
    return text


# -------------------------------------------------------------- command line

def check_operand(name, operand):
    """Returns a string as it is, or the words of a command as strings."""
    if isinstance(operand, list):
        operand = [str(word) for word in operand]
        if not operand or "]" in operand:
            raise ValueError("%s: a command needs words, none of them ]" % name)
    elif not isinstance(operand, str) or operand in ("", "[", "-"):
        raise ValueError("%s must be a name, or a list for a command" % name)
    return operand


def option_values(params, names):
    """Returns the options that were given, by their names on the command line.

    A flag has the value True; a flag that is False is left out.
    """
    values = {}
    for name in sorted(names):
        value = params[name]
        if name == "verify":
            value = {"no": False, "yes": True}.get(value, value)
        if name == "flush" and value is False:
            name, value = "no-flush", True
        if value is None or value is False:
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        values[name.replace("_", "-")] = value
    return values


def option_words(params, names):
    """Returns --name for a flag, and --name=value for any other option."""
    return ["--" + name if value is True else "--%s=%s" % (name, value)
            for name, value in option_values(params, names).items()]


def operand_words(operand):
    return ["["] + operand + ["]"] if isinstance(operand, list) else [operand]


def copy_words(params, more):
    """Returns the command line of one copy, without the program's name."""
    return ((params["extra_args"] or []) + option_words(params, OPTIONS) + more
            + ["--"] + operand_words(params["source"])
            + operand_words(params["destination"]))


# ------------------------------------------------------------------- results

def run(module, words, **more):
    """Runs the program without a shell; returns its exit status and stderr."""
    rc, _output, stderr = module.run_command(
        words, environ_update=dict(LC_ALL="C"),
        expand_user_and_vars=False, **more)
    return 128 - rc if rc < 0 else rc, stderr


def read_report(name):
    """Returns an empty report if the program was killed before it wrote one."""
    try:
        with open(name, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def explain(rc, report, stderr):
    """Returns the report's error; without one, the text on standard error."""
    if report.get("error"):
        return report["error"]["message"]
    return stderr.strip() or (
        "stripecopy ended by signal %d" % (rc - 128) if rc > 128
        else "stripecopy ended with status %d" % rc)


def make_result(rc, report, stderr, words):
    """Returns the result of one copy.

    words is the command line, whose secrets are masked in all texts.
    """
    changed = report.get("changed")
    if changed is None:
        changed = rc not in WROTE_NOTHING
    result = dict(rc=rc, report=report or None, changed=changed,
                  status=report.get("status", "unknown"),
                  cmd=mask_words(words), stderr=mask_text(stderr, words))
    if rc != 0:
        result["msg"] = mask_text(explain(rc, report, stderr), words)
    return result


def count_left(report):
    """Returns how many bytes a plan would copy and zero."""
    if not report["changed"]:
        return 0
    return report["bytes"]["data"] + report["bytes"]["zero"]


def make_diff(report):
    """Returns how many bytes are left to copy, before and after."""
    sides = "%s to %s" % (report["source"]["name"],
                          report["destination"]["name"])
    left = report["bytes"] if report["changed"] else dict(data=0, zero=0)
    return dict(before_header=sides, after_header=sides,
                before="data: %(data)s bytes left\nzero: %(zero)s bytes left\n"
                       % left,
                after="data: 0 bytes left\nzero: 0 bytes left\n")
