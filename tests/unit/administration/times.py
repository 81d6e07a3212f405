"""Which times the administration shows, and records that have all of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField

from accounts.models import Phone
from tests.unit.administration.worlds import World


def times_shown(model: Any) -> Iterator[DateTimeField[Any, Any]]:
    """The times among the fields that its list and its page show."""
    page = admin.site.get_model_admin(model)
    names = {
        *page.list_display,
        *(page.fields or flatten_fieldsets(page.fieldsets or [])),
    }
    for field in model._meta.fields:
        if field.name in names and isinstance(field, DateTimeField):
            yield field


def fill_times(world: World, at: datetime) -> None:
    """Give each record the times that its list and page show, and a history."""
    for row in world.rows.values():
        missing = [
            field.name
            for field in times_shown(type(row))
            if getattr(row, field.name) is None
        ]
        given = {"policy_reason": "A scanner"} if "policy_until" in missing else {}
        rows = type(row)._default_manager.filter(pk=row.pk)
        if missing:
            rows.update(**dict.fromkeys(missing, at), **given)
        LogEntry.objects.create(
            user=world.owner,
            content_type=ContentType.objects.get_for_model(row),
            object_id=row.pk,
            action_flag=CHANGE,
            change_message="[]",
        )
    Phone.objects.update(held_until=at)
