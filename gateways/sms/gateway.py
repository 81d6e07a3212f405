"""What a gateway is: how it sends, and which settings it needs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings


@dataclass(frozen=True)
class GatewaySetting:
    """A setting of one gateway, which the environment gives.

    Args:
        name: The variable's; it begins with the name of the gateway.
        default: Where it is not set. A number is the seconds of a whole call.
        is_secret: Whether nobody may know it.
        shortest: Of a secret that was made at random: how many characters it has.
        is_address: Whether secrets and codes are sent there, so only over HTTPS.
        pattern: What all of it has to match.
        form: The same in words; ends the sentence "NAME is not …".
    """

    name: str
    default: str | float = ""
    is_secret: bool = False
    shortest: int = 0
    is_address: bool = False
    pattern: str = ""
    form: str = ""

    @property
    def value(self) -> Any:
        return getattr(settings, self.name)


class Gateway(ABC):
    """One way for text messages to leave.

    Attributes:
        own_settings: All that it reads from the environment.
        needed: Of each of these groups one has to be set.
        callback: The address at which the provider reaches this portal, to tell what
            became of messages.
        is_for_production: Whether messages reach the telephone they are for.
    """

    own_settings: ClassVar[tuple[GatewaySetting, ...]] = ()
    needed: ClassVar[tuple[tuple[GatewaySetting, ...], ...]] = ()
    callback: ClassVar[GatewaySetting | None] = None
    is_for_production: ClassVar[bool] = False

    @abstractmethod
    def send(self, number: str, text: str) -> None:
        """Submit `text` for delivery to `number`, or raise NotSent or Unknown."""
