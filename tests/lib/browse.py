# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opens a page in headless Chromium and prints its content as JSON.

    browse.py CHROMIUM PROFILE PAGE WIDTH light|dark EXPRESSION [PICTURE]

The profile is a folder for Chromium's files.  The result has "value", what the
expression in JavaScript is, "complaints", all messages of the console, and
"requests", all addresses that were asked for.  PICTURE gets a PNG of the whole
page.  Chromium is driven over a pipe with its DevTools protocol.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys


class Browser:
    """Chromium, with one page."""

    def __init__(self, program, profile):
        theirs_in, self.to = os.pipe()
        self.from_, theirs_out = os.pipe()
        # Chromium reads from 3 and writes to 4.
        command = ('exec "$0" "$@" 3<&%d 4>&%d' % (theirs_in, theirs_out))
        self.process = subprocess.Popen(
            ["bash", "-c", command, program, "--headless", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             "--user-data-dir=" + profile, "--remote-debugging-pipe",
             "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.last = 0
        self.rest = b""
        self.session = None
        self.events = []

    def receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.from_, 1 << 20)
            if not part:
                sys.exit("Chromium has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                if "error" in answer:
                    sys.exit("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.receive())

    def params(self, *methods):
        return [e["params"] for e in self.events if e.get("method") in methods]

    def end(self):
        os.close(self.to)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def open_page(browser, page, width, scheme):
    target = browser.call("Target.createTarget", url="about:blank")
    browser.session = browser.call(
        "Target.attachToTarget", targetId=target["targetId"],
        flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(domain + ".enable")
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.call("Page.navigate", url=pathlib.Path(page).resolve().as_uri())
    browser.wait_for("Page.loadEventFired")


def take_picture(browser, width, path):
    size = browser.call("Page.getLayoutMetrics")["cssContentSize"]
    picture = browser.call("Page.captureScreenshot",
                           captureBeyondViewport=True,
                           clip={"x": 0, "y": 0, "width": width,
                                 "height": size["height"], "scale": 1})
    with open(path, "wb") as f:
        f.write(base64.b64decode(picture["data"]))


def main():
    program, profile, page, width, scheme, expression, *picture = sys.argv[1:]
    browser = Browser(program, profile)
    try:
        open_page(browser, page, int(width), scheme)
        result = browser.call("Runtime.evaluate", expression=expression,
                              returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(json.dumps(result["exceptionDetails"]))
        for path in picture:
            take_picture(browser, int(width), path)
        print(json.dumps({
            "value": result["result"].get("value"),
            "complaints": browser.params("Log.entryAdded",
                                         "Runtime.consoleAPICalled",
                                         "Runtime.exceptionThrown"),
            "requests": [p["request"]["url"] for p in
                         browser.params("Network.requestWillBeSent")],
        }))
    finally:
        browser.end()


main()
