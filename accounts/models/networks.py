"""Lists of networks, as the logon views hand them to the mail server."""

import hashlib
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext

MOST_NETWORKS = 10
ANYWHERE = "0.0.0.0/0,::/0"


def networks_in(text: str) -> tuple[str, ...]:
    """Return the networks that somebody typed, in canonical form, each once.

    Raises:
        ValidationError: one of them is none, or they are too many.
    """
    typed = re.split(r"[\s,;]+", text.strip())
    networks = [_network(each) for each in typed if each]
    if len(networks) > MOST_NETWORKS:
        message = gettext("No more than %(most)s networks, please.")
        raise ValidationError(message % {"most": MOST_NETWORKS})
    return tuple(dict.fromkeys(networks))


def joined(networks: Iterable[str]) -> str:
    """Return them as the logon views have them: nothing but commas in between."""
    return ",".join(networks)


def covers(outer: str, inner: str) -> bool:
    """Return whether every address of `inner` is in `outer`; both are as stored."""
    return _merged(outer, inner) == _merged(outer)


class NetworksField(models.CharField):
    """Networks separated by commas; none means any. Stored in canonical form only."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        text: str = super().clean(value, model_instance)
        return joined(networks_in(text))

    def pre_save(self, model_instance: models.Model, *args: Any, **more: Any) -> str:
        """Return what the views can rely on, however it came here.

        Raises:
            ValidationError: it is no list of networks; nothing is stored.
        """
        value = joined(networks_in(super().pre_save(model_instance, *args, **more)))
        setattr(model_instance, self.attname, value)
        return value


class NetworksMark(models.PositiveIntegerField):
    """A number that is another one for other networks; 0 for none. It sets itself."""

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, *args: Any, **more: Any) -> int:
        """Return the number for what is being stored."""
        networks = joined(networks_in(getattr(model_instance, self.of)))
        digest = hashlib.sha256(networks.encode()).hexdigest()
        value = int(digest[:7], 16) if networks else 0
        setattr(model_instance, self.attname, value)
        return value


def _merged(*lists: str) -> list[IPv4Network | IPv6Network]:
    """Return the fewest networks of the same addresses as these lists together."""
    texts = [each for networks in lists for each in (networks or ANYWHERE).split(",")]
    parsed = [ip_network(each) for each in texts]
    v4 = [each for each in parsed if isinstance(each, IPv4Network)]
    v6 = [each for each in parsed if isinstance(each, IPv6Network)]
    return [*collapse_addresses(v4), *collapse_addresses(v6)]


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        message = gettext("“%(text)s” is no network. Write it like 192.0.2.0/24.")
        raise ValidationError(message % {"text": text}) from None
