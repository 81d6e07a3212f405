"""What goes on in a browser besides what a test looks at."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

# Chromium's own note in the console on every answer with such a status.
REFUSAL = re.compile(r"Failed to load resource: .* with a status of (\d+) ")


class Watch:
    """Console messages, errors of scripts, and requests to other hosts.

    A test that means to be refused says so: `watch.expected |= {422}`.
    """

    def __init__(self, *origins: str) -> None:
        self.origins = origins
        self.expected: set[int] = set()
        self.tolerated = "\0"  # how a message begins that the test brings about
        self.refusals: set[int] = set()
        self.complaints: list[str] = []
        self.posts: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of the context from now on."""
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if refusal := REFUSAL.match(message.text):
            self.refusals.add(int(refusal[1]))
        elif not message.text.startswith(self.tolerated):
            self.complaints.append(f"console: {message.text} {message.location}")

    def _error(self, error: WebError) -> None:
        self.complaints.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.complaints.append(f"request: {request.url}")
        if request.method == "POST":
            self.posts.append(parts.path)
