"""A real browser for tests of pages: headless Chromium, spoken to over a pipe in its DevTools protocol.

Nothing it loads comes from elsewhere: what a page asks of other hosts is answered from a folder of packages, or fails.
"""

import base64
import fcntl
import json
import os
import select
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROUGHT = Path(sys.prefix) / "browser"
"""Where tests/browser/install.py puts it."""
PROGRAM = Path(os.environ.get("SOUVENIR_BROWSER") or BROUGHT / "@sparticuz" / "chromium@147.0.0" / "chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
PATIENCE = 60.0


class Page:
    """A tab: what it shows, what it asked for, and what it complained about."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser, self._session = browser, session
        self.complaints: list[str] = []
        """What stands in its console: errors, violations of its policy, resources that did not load."""
        self.requests: list[str] = []
        self.elsewhere: dict[str, Path] = {}
        """Where on the disk that is found which begins with an address."""

    def call(self, method: str, **parameters: Any) -> Any:
        return self._browser.call(method, parameters, self._session)

    def open(self, url: str, language: str = "en", width: int = 1280, scripts: bool = True) -> "Page":
        """Go to an address, as a reader of a language at a window of so many pixels."""
        agent = self._browser.agent
        self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.complaints, self.requests = [], []
        assert "errorText" not in self.call("Page.navigate", url=url), url
        self.until("document.readyState == 'complete' && location.href != 'about:blank'")
        return self

    def until(self, expression: str) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + PATIENCE
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never: {expression}; {self.complaints}"
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """What a script evaluates to, promises awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The texts of the elements a selector finds, as they are shown."""
        found: list[str] = self.value(f"[...document.querySelectorAll({selector!r})].map(one => one.innerText.trim())")
        return found

    def overflow(self) -> int:
        """Pixels that must be scrolled sideways."""
        return int(self.value("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def hurdles(self) -> list[str]:
        """What keeps people from reading it, by the rules of axe: names, headings, landmarks, contrast, language."""
        self.value((BROUGHT / "axe-core@4.14.1/package/axe.min.js").read_text("utf-8") + "; 0")
        found = self.value("axe.run().then(found => found.violations.map(one => `${one.id}: ${one.nodes[0].html}`))")
        return [str(one) for one in found]

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9}[key])

    def pdf(self) -> bytes:
        """The page as it is printed on A4."""
        return base64.b64decode(self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])

    def hear(self, event: dict[str, Any]) -> None:
        told = event["params"]
        match event["method"]:
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(f"{told['entry']['level']}: {told['entry']['text']}")
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Fetch.requestPaused":
                self._serve(told["requestId"], told["request"]["url"])

    def _serve(self, request: str, url: str) -> None:
        """Answer what is asked of another host."""
        files = (path / url[len(start) :] for start, path in self.elsewhere.items() if url.startswith(start))
        if (file := next(files, None)) is None:
            self._tell("Fetch.failRequest", requestId=request, errorReason="InternetDisconnected")
            return
        kind = "text/css" if url.endswith(".css") else "text/javascript"
        headers = [("Content-Type", kind), ("Access-Control-Allow-Origin", "*")]
        self._tell(
            "Fetch.fulfillRequest",
            requestId=request,
            responseCode=200,
            responseHeaders=[{"name": name, "value": value} for name, value in headers],
            body=base64.b64encode(file.read_bytes()).decode(),
        )

    def _tell(self, method: str, **parameters: Any) -> None:
        """Do something without waiting for it: what is heard while waiting for another answer cannot wait again."""
        self._browser.send(method, parameters, self._session)


class Browser:
    """Chromium, in a process of its own that ends with the block it was opened for."""

    def __init__(self, profile: Path) -> None:
        folder = PROGRAM.parent
        ours = {"LD_LIBRARY_PATH": folder / "al2023" / "lib", "FONTCONFIG_PATH": folder / "fonts", "HOME": profile}
        theirs_in, self._out, self._in, theirs_out = (*_pipe(), *_pipe())
        self._process = os.posix_spawn(
            PROGRAM,
            [str(PROGRAM), *FLAGS, f"--user-data-dir={profile}"],
            os.environ | {name: str(value) for name, value in ours.items()},
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4)],
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._sent, self._unread = 0, b""
        self._pages: dict[str, Page] = {}
        self.agent = self.call("Browser.getVersion")["userAgent"]

    def page(self) -> Page:
        """A fresh tab."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call("Fetch.enable", patterns=[{"urlPattern": "https://*"}])
        return page

    def call(self, method: str, parameters: dict[str, Any] | None = None, session: str | None = None) -> Any:
        """Do something, and give its answer."""
        number = self.send(method, parameters or {}, session)
        while (message := self._next()).get("id") != number:
            if (page := self._pages.get(message.get("sessionId", ""))) and "method" in message:
                page.hear(message)
        assert "error" not in message, f"{method}: {message['error']}"
        return message["result"]

    def close(self) -> None:
        self.send("Browser.close", {}, None)
        os.waitpid(self._process, 0)
        os.close(self._in)
        os.close(self._out)

    def send(self, method: str, parameters: dict[str, Any], session: str | None) -> int:
        """Ask for something; gives the number its answer will have."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:
            left = left[os.write(self._out, left) :]
        return self._sent

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            assert select.select([self._in], [], [], PATIENCE)[0], "the browser does not answer"
            read = os.read(self._in, 1 << 16)
            assert read, "the browser has ended"
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))


def _pipe() -> list[int]:
    """A pipe whose ends are none of the two numbers that Chromium listens and speaks on."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser with a profile of its own."""
    with tempfile.TemporaryDirectory(prefix="souvenir-browser-", ignore_cleanup_errors=True) as profile:
        browser = Browser(Path(profile))
        try:
            yield browser
        finally:
            browser.close()
