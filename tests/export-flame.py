# SPDX-License-Identifier: MIT
#
# export-flame.py - a flame graph in a browser: chromedriver is told over HTTP
# (W3C WebDriver) what to click, and the page is asked what it shows.
#   export-flame.py CHROMEDRIVER PAGE [CODE]
# PAGE is of export-profile.c's first profile; with CODE it is any page, and what
# the JavaScript returns is printed.  Prints TAP lines without numbers.

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1000,700",
]


class Browser:
    def __init__(self, driver, profile):
        self.process = subprocess.Popen([driver, "--port=0"],
                                        stdout=subprocess.PIPE, text=True)
        self.base = None
        for line in self.process.stdout:
            port = re.search(r"started successfully on port (\d+)", line)
            if port:
                self.base = "http://127.0.0.1:" + port.group(1)
                break
        if not self.base:
            raise OSError("chromedriver did not start")
        options = {
            "args": OPTIONS + ["--user-data-dir=" + profile],
        }
        session = self.call("POST", "/session", {
            "capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": options}}})
        self.base += "/session/" + session["sessionId"]

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.base + path, data=data, method=method,
            headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def go(self, url):
        # A page that differs in its hash only would not be loaded again.
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/url", {"url": url})

    def run(self, code):
        return self.call("POST", "/execute/sync",
                         {"script": code, "args": []})

    def text(self, name):
        return self.run("return document.getElementById('%s').textContent"
                        % name)

    def pointer(self, x, y, click):
        steps = [{"type": "pointerMove", "duration": 0,
                  "x": int(x), "y": int(y), "origin": "viewport"}]
        if click:
            steps += [{"type": "pointerDown", "button": 0},
                      {"type": "pointerUp", "button": 0}]
        self.call("POST", "/actions", {"actions": [
            {"type": "pointer", "id": "mouse", "actions": steps}]})

    def close(self):
        try:
            if "/session/" in self.base:
                self.call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()


def check(name, got, want):
    if got == want:
        print("ok " + name)
    else:
        print("not ok %s\n# got:      %r\n# expected: %r" % (name, got, want))


# The middle of the row at a depth, and a part of the graph's width.
def point(browser, part, depth, icicle=False):
    left, top, width, height = browser.run(
        "const r = document.getElementById('graph').getBoundingClientRect();"
        "return [r.left, r.top, r.width, r.height]")
    y = depth * 18 + 9
    return left + part * width, top + (y if icicle else height - y)


def walk(browser, url):
    browser.go(url)
    check("the page's title", browser.run("return document.title"),
          "prog --fast - flame graph")
    check("all samples are there", browser.text("zoomed"),
          "all: 5,250 cycles, 7 samples")
    check("names make no elements",
          browser.run("return document.scripts.length"), 2)
    browser.pointer(*point(browser, 0.5, 3), click=False)
    check("the tip tells name, object, share and samples",
          browser.text("tip"),
          "compute(int)\n/usr/bin/prog\n76.19 %, 4,000 cycles, 4 samples")
    browser.pointer(*point(browser, 0.5, 3), click=True)
    check("a click zooms", browser.text("zoomed"),
          "zoom: compute(int), 76.19 %")
    browser.pointer(*point(browser, 0.01, 4), click=False)
    check("the zoomed one has the whole width", browser.text("tip"),
          "helper\n/usr/bin/prog\n76.19 %, 4,000 cycles, 4 samples\n"
          "100.00 % of the zoomed")
    browser.run("document.getElementById('reset').click()")
    check("reset shows all again", browser.text("zoomed"),
          "all: 5,250 cycles, 7 samples")
    field = browser.call("POST", "/element",
                         {"using": "css selector", "value": "#search"})
    field = "/element/" + list(field.values())[0]
    browser.call("POST", field + "/value", {"text": "main"})
    check("search marks, and counts all matches", browser.text("matched"),
          "matched: 100.00 % in 2 frames")
    browser.call("POST", field + "/clear", {})
    browser.call("POST", field + "/value", {"text": "vendor|^helper$"})
    check("search takes an expression", browser.text("matched"),
          "matched: 80.95 % in 2 frames")
    browser.call("POST", field + "/clear", {})
    browser.call("POST", field + "/value", {"text": "(int"})
    check("what is no expression is searched as text",
          browser.text("matched") + ", " + browser.text("error"),
          "matched: 76.19 % in 1 frames, searched as plain text")
    browser.run("document.getElementById('flip').click()")
    browser.pointer(*point(browser, 0.5, 3, icicle=True), click=True)
    check("the icicle has its root at the top", browser.text("zoomed"),
          "zoom: compute(int), 76.19 %")
    check("the address keeps what is shown",
          browser.run("return location.hash"),
          "#zoom=3&search=(int&view=icicle")
    browser.go(url + "#zoom=compute(int)&search=helper")
    check("and an address shows it",
          browser.text("zoomed") + ", " + browser.text("matched"),
          "zoom: compute(int), 76.19 %, matched: 100.00 % in 1 frames")
    log = browser.call("POST", "/se/log", {"type": "browser"})
    check("nothing was refused, nothing failed",
          [x["message"] for x in log], [])


def main():
    url = "file://" + os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(sys.argv[1], profile)
        try:
            if len(sys.argv) > 3:
                browser.go(url)
                print(json.dumps(browser.run(sys.argv[3])))
            else:
                walk(browser, url)
        finally:
            browser.close()


main()
