"""Model fields for lists of networks, as the logon views pass them to Dovecot."""

import hashlib
from typing import Any

from django.db import models

from accounts.networks import join_networks, parse_networks


class NetworksField(models.CharField):
    """Networks separated by commas, stored in canonical form; empty means any."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        text: str = super().clean(value, model_instance)
        return join_networks(parse_networks(text))

    def pre_save(self, model_instance: models.Model, *args: Any, **more: Any) -> str:
        """Return the list in canonical form, even if the model was not validated.

        Raises:
            ValidationError: it is not a list of networks; nothing is stored.
        """
        value = join_networks(
            parse_networks(super().pre_save(model_instance, *args, **more))
        )
        setattr(model_instance, self.attname, value)
        return value


class NetworksMark(models.PositiveIntegerField):
    """A number that changes with the networks in the field `of`; 0 if that is empty.

    It is computed each time the model is saved.
    """

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, *args: Any, **more: Any) -> int:
        """Return 28 bits of the SHA-256 of the networks, or 0 if there are none."""
        networks = join_networks(parse_networks(getattr(model_instance, self.of)))
        digest = hashlib.sha256(networks.encode()).hexdigest()
        value = int(digest[:7], 16) if networks else 0
        setattr(model_instance, self.attname, value)
        return value
