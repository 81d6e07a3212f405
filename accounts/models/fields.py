"""Columns for addresses and domains, saved and looked up as they were meant."""

from typing import Any

from django.db import models

from accounts import addresses


class AddressField(models.CharField[str, str]):
    """The address of a mailbox. Lookups of the whole address normalise it, too."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return addresses.normalise(text) if isinstance(text, str) else text


class DomainField(models.CharField[str, str]):
    """The name of a domain. Lookups of the whole name normalise it, too."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return addresses.normalise_domain(text) if isinstance(text, str) else text
