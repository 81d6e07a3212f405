import json
import os
import sys
from datetime import UTC, datetime

from django.conf import settings

from gateways.sms.gateway import Gateway


class ConsoleGateway(Gateway):
    """For the demonstration: prints messages, and appends them to VAR/sms.jsonl."""

    def send(self, number: str, text: str) -> None:
        sys.stdout.write(f"SMS to {number}: {' '.join(text.split())}\n")
        sys.stdout.flush()
        entry = {"to": number, "text": text, "at": datetime.now(UTC).isoformat()}
        settings.VAR.mkdir(parents=True, exist_ok=True)
        file = os.open(
            settings.VAR / "sms.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
        )
        try:
            # A single write, so that lines of several processes never mix.
            os.write(file, json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        finally:
            os.close(file)
