"""Columns for lists of networks, as the logon views hand them to the mail server."""

import hashlib
from typing import Any

from django.db import models

from accounts.networks import join_networks, parse_networks


class NetworksField(models.CharField):
    """Networks separated by commas; none means any. Stored in canonical form only."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        text: str = super().clean(value, model_instance)
        return join_networks(parse_networks(text))

    def pre_save(self, model_instance: models.Model, *args: Any, **more: Any) -> str:
        """Return what the views can rely on, however it came here.

        Raises:
            ValidationError: it is no list of networks; nothing is stored.
        """
        value = join_networks(
            parse_networks(super().pre_save(model_instance, *args, **more))
        )
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
        networks = join_networks(parse_networks(getattr(model_instance, self.of)))
        digest = hashlib.sha256(networks.encode()).hexdigest()
        value = int(digest[:7], 16) if networks else 0
        setattr(model_instance, self.attname, value)
        return value
