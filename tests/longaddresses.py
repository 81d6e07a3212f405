"""Addresses of the greatest length, and a search for truncated ones."""

from django.apps import apps
from django.db.models import CharField, JSONField, TextField

# The longest that Dovecot logs whole, the first that it cuts, and the longest of all:
# RFC 5321 allows 64 octets, an @, and 189.
LENGTHS = [64, 65, 128, 254]
LONGEST_LOCAL_PART, LONGEST_LABEL = 64, 63


def address_of(start: str, length: int, ending: str = ".example.com") -> str:
    """Return an address of this many octets."""
    local = min(LONGEST_LOCAL_PART, length // 2)
    rest = length - local - 1 - len(ending)
    labels = [LONGEST_LABEL] * (rest // (LONGEST_LABEL + 1))
    labels.append(rest - sum(labels) - len(labels))
    domain = ".".join("d" * each for each in labels) + ending
    return f"{start:a<{local}}@{domain}"


def columns_that_cut(*addresses: str) -> set[str]:
    """Return all columns of the portal that contain a truncated one of these addresses.

    The addresses must have the same local part.
    """
    start = addresses[0].partition("@")[0] + "@"
    found = set()
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if isinstance(field, CharField | TextField | JSONField):
                values = model._default_manager.values_list(field.name, flat=True)
                texts = [str(each) for each in values if start in str(each)]
                if any(not any(each in text for each in addresses) for text in texts):
                    found.add(f"{model._meta.label}.{field.name}")
    return found
