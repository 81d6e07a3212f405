import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from gateways import sms

NUMBER = "+12025550123"


def test_the_memory_gateway_keeps_what_was_sent(settings: Settings) -> None:
    settings.SMS_GATEWAY = "memory"
    sms.outbox.clear()

    sms.send(NUMBER, "Hello")

    assert sms.outbox == [sms.Message(NUMBER, "Hello")]


def test_the_console_gateway_prints_one_line_a_message(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SMS_GATEWAY = "console"
    settings.VAR = tmp_path

    sms.send(NUMBER, "123456 is your code.\n\n@portal.example #123456")

    assert capsys.readouterr().out == (
        f"SMS to {NUMBER}: 123456 is your code. @portal.example #123456\n"
    )


def test_the_console_gateway_appends_one_object_a_line_for_the_owner_only(
    settings: Settings, tmp_path: Path
) -> None:
    settings.SMS_GATEWAY = "console"
    settings.VAR = tmp_path / "not" / "yet"
    texts = ["123456\nfirst", "second 验证码"]

    for text in texts:
        sms.send(NUMBER, text)

    file = settings.VAR / "sms.jsonl"
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    assert [entry["text"] for entry in entries] == texts
    assert [set(entry) for entry in entries] == [{"to", "text", "at"}] * 2
    assert entries[0]["to"] == NUMBER
    at = datetime.fromisoformat(entries[0]["at"])
    assert at.utcoffset() == timedelta(0)
    assert datetime.now(UTC) - at < timedelta(minutes=1)
    assert file.stat().st_mode & 0o777 == 0o600
