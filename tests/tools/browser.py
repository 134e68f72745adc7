"""A headless Chromium, spoken to over its DevTools protocol: what a page says, asks for, and looks like."""

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable():
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM to a Chrome or Chromium")
    return found


class Page:
    """One tab. ``events`` holds what the page reported since it was opened."""

    def __init__(self, socket):
        self._socket, self._last = socket, 0
        self.events = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._last:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self.events.append(message)

    def open(self, path, address="", width=1280, height=900, *, dark=False, script=True, media=""):
        """Load a file and wait until it is laid out, fonts and all."""
        self.events.clear()
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.size(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media, features=scheme)
        self.call("Page.navigate", url="about:blank")
        self._until("Page.loadEventFired")
        self.events.clear()
        self.call("Page.navigate", url=f"{Path(path).resolve().as_uri()}{address}")
        self._until("Page.loadEventFired")
        self.run("document.fonts.ready.then(() => 1)")

    def _until(self, event):
        while not any(e.get("method") == event for e in self.events):
            self.events.append(json.loads(self._socket.recv()))

    def size(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key, code=0):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def reported(self, *methods):
        return [e for e in self.events if e.get("method") in methods]

    def requests(self):
        """Everything that was asked for besides the page itself and what it holds."""
        urls = (e["params"]["request"]["url"] for e in self.reported("Network.requestWillBeSent"))
        return [url for url in urls if not url.startswith(("file:", "data:", "about:"))]

    def complaints(self):
        """Exceptions, console errors and warnings."""
        return self.reported("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")

    def picture(self, path):
        """The whole page as PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def pdf(self):
        printed = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(printed["data"])


@contextmanager
def chromium(folder):
    """A page of a browser of its own, whose profile lies in ``folder``."""
    websocket = pytest.importorskip(
        "websocket", reason="websocket-client is not installed: pip install websocket-client"
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
               "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={folder}"]  # fmt: skip
    with subprocess.Popen(
        [executable(), *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            where = Path(folder) / "DevToolsActivePort"
            for _ in range(600):
                if where.exists() and where.read_text().count("\n"):
                    break
                time.sleep(0.05)
            port = where.read_text().split("\n")[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = json.load(answer)
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            socket = websocket.create_connection(address, timeout=60, max_size=None)
            try:
                yield Page(socket)
            finally:
                socket.close()
        finally:
            process.terminate()
            process.wait(20)
