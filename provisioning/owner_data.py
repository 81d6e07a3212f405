"""All that the portal holds about the owner of a mailbox, for who asks what is known.

It walks the relations of the records: what is added to a mailbox is in it by itself. Of
what is secret, or made from a secret, nothing is in it (`accounts.secretfields`).
"""

from collections import defaultdict
from typing import Any

from django.db.models import CASCADE, Model, Q, QuerySet

from accounts.models import Account, SecurityEvent
from accounts.secretfields import SECRET_COLUMNS

Rows = dict[str, list[dict[str, object]]]


def collect_owner_data(address: str) -> Rows:
    """Return the records about this address by their models; {} if there are none.

    Of a mailbox that was deleted, these are its events.
    """
    found: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    account = Account.objects.filter(address=address).first()
    if account is not None:
        _add(account, found, set())
    events = SecurityEvent.objects.filter(Q(address=address) | Q(actor=address))
    found[SecurityEvent._meta.label] = [
        _describe(event) for event in events.order_by("at", "pk").iterator()
    ]
    return {label: rows for label, rows in sorted(found.items()) if rows}


def _add(record: Model, found: Rows, seen: set[tuple[str, Any]]) -> None:
    """Add a record, what is deleted along with it, and what names it."""
    label = record._meta.label
    if (label, record.pk) in seen:
        return
    seen.add((label, record.pk))
    found.setdefault(label, []).append(_describe(record))
    for relation in record._meta.related_objects:
        field = relation.field
        model = field.model
        if model is SecurityEvent or field.many_to_many:
            continue
        rows: QuerySet[Model] = QuerySet(model)
        for other in rows.filter(**{field.name: record.pk}).order_by("pk"):
            if isinstance(record, Account) or relation.on_delete is CASCADE:
                _add(other, found, seen)


def _describe(record: Model) -> dict[str, object]:
    secret = SECRET_COLUMNS.get(record._meta.label, frozenset())
    values: dict[str, object] = {
        field.name: field.value_from_object(record)
        for field in record._meta.concrete_fields
        if field.name not in secret
    }
    for several in record._meta.many_to_many:
        rows = several.value_from_object(record)
        values[several.name] = [str(row) for row in rows]
    return values
