from dataclasses import dataclass

from gateways.sms.gateway import Gateway


@dataclass(frozen=True)
class Message:
    number: str
    text: str


outbox: list[Message] = []


class MemoryGateway(Gateway):
    """For tests: appends messages to `outbox`, as django.core.mail does."""

    def send(self, number: str, text: str) -> None:
        outbox.append(Message(number, text))
