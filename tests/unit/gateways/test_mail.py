"""Mail servers, well-behaved and not."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from pytest_django import Settings

from gateways import mail
from gateways.mail import NotSent
from tests.patience import PATIENCE

ADDRESS = "alice@example.com"


class MailServer(socketserver.ThreadingTCPServer):
    """Answers `answers` where it names the command, and is content otherwise."""

    daemon_threads = False

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answers = {"DATA": "354 go on", **answers}
        self.taken: list[str] = []
        self.stopped = Event()


class Conversation(socketserver.StreamRequestHandler):
    timeout = 10
    server: MailServer

    def handle(self) -> None:
        self.say(self.server.answers.get("", "220 ready"))
        for line in self.rfile:
            command = line[:4].decode().strip().upper()
            self.say(self.server.answers.get(command, "250 fine"))
            if command == "DATA" and self.server.answers[command].startswith("354"):
                self.read_mail()
            if command == "QUIT":
                break

    def read_mail(self) -> None:
        lines = []
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            lines.append(line)
        self.server.taken.append("".join(lines))
        self.say(self.server.answers.get(".", "250 taken"))

    def say(self, answer: str) -> None:
        if answer == "nothing":
            self.server.stopped.wait(PATIENCE)
        self.wfile.write(f"{answer}\r\n".encode())


@contextmanager
def serve(settings: Any, **answers: str) -> Iterator[MailServer]:
    with MailServer(answers) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


def test_a_mail_reaches_the_mail_server_as_plain_text_and_as_html(
    settings: Settings,
) -> None:
    settings.DEFAULT_FROM_EMAIL = "portal@example.com"
    with serve(settings) as server:
        mail.send(ADDRESS, "Grüße", "One line\nand Größe\n", "<p>One line</p>")

    (text,) = server.taken
    head, body = text.split("\r\n\r\n", 1)
    assert "To: alice@example.com" in head
    assert "From: portal@example.com" in head
    assert "Auto-Submitted: auto-generated" in head
    assert "Subject: =?utf-8?" in head
    assert "multipart/alternative" in head
    plain, html = body.index("text/plain"), body.index("text/html")
    assert plain < body.index("One line") < html < body.index("<p>One line</p>")


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": f"550 no such mailbox {ADDRESS}"},
        {"MAIL": "451 try later"},
        {"DATA": "554 no"},
        {".": "452 full"},
        {"": "421 too busy"},
        {"EHLO": "nonsense", "HELO": "nonsense"},
    ],
    ids=["recipient", "sender", "data", "end", "greeting", "nonsense"],
)
def test_what_the_mail_server_refuses_was_not_sent(
    settings: Settings, answers: dict[str, str]
) -> None:
    with serve(settings, **answers), pytest.raises(NotSent) as caught:
        mail.send(ADDRESS, "Subject", "Text", "<p>Text</p>")

    assert ADDRESS not in str(caught.value)


@pytest.mark.parametrize("command", ["", "EHLO", "RCPT", "."])
def test_a_mail_server_that_is_silent_is_not_waited_for(
    settings: Settings, command: str
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    with serve(settings, **{command: "nothing"}), pytest.raises(NotSent):
        mail.send(ADDRESS, "Subject", "Text", "<p>Text</p>")


def test_a_mail_server_that_is_not_there_took_nothing(settings: Settings) -> None:
    with serve(settings):
        pass

    with pytest.raises(NotSent, match="ConnectionRefusedError"):
        mail.send(ADDRESS, "Subject", "Text", "<p>Text</p>")
