"""What the pages of Django admin show of a value, and how the cells of lists are named.

Django has no setting for it. `AdminConfig` puts these functions in the place of those
that its lists and its read-only fields use.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin import helpers, utils
from django.contrib.admin.templatetags import admin_list
from django.db.models import Field, Model
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.moments import moment

_make_cells = admin_list.items_for_result
# The name of a column that no line of a card has: its boxes choose rows.
ACTION_CHECKBOX = "action_checkbox"
# What stands where there is nothing.
NOTHING = "—"
# Fields that say when something was last: they are read as "2 minutes ago". Others are
# records, read as exact times.
LAST_TIMES = {
    "failed_at",
    "last_at",
    "last_used_at",
    "read_to",
    "seen_at",
    "told_at",
}


def install() -> None:
    """Make the lists and the read-only fields of Django admin use this module."""
    own: dict[str, Any] = {
        "display_for_field": show_field,
        "display_for_value": show_value,
        "_boolean_icon": describe_boolean,
        "items_for_result": label_cells,
    }
    vars(admin_list).update(own)
    vars(helpers).update(display_for_field=show_field, linebreaksbr=show_lines)


def label_cells(changelist: Any, row: Model, form: Any) -> Iterator[SafeString]:
    """Yield the cells of a row of a `BoundedChangeList`, each with its column's name.

    On a phone a row is a card, and its style sheet shows the attribute `data-label`.
    """
    cells = _make_cells(changelist, row, form)
    for label, cell in zip(changelist.column_labels, cells, strict=True):
        name = format_html('<td data-label="{}"', label)
        yield SafeString(cell.replace("<td", name, 1)) if label else cell


def describe_boolean(value: bool | None) -> StrOrPromise:  # noqa: FBT001
    """Return a word for yes or no, where Django admin has a green or a red sign.

    What is off is not wrong, and the signs are named in English.
    """
    return NOTHING if value is None else _("Yes") if value else _("No")


def show_field(
    value: Any,
    field: Field[Any, Any],
    empty_value_display: str,
    avoid_link: bool = False,  # noqa: FBT001, FBT002
) -> str:
    """Return the text of a field of a record; a time by `LAST_TIMES`."""
    if isinstance(value, datetime):
        return moment(value, "ago" if field.name in LAST_TIMES else "short")
    return utils.display_for_field(value, field, empty_value_display, avoid_link)


def show_value(
    value: Any,
    empty_value_display: str,
    boolean: bool = False,  # noqa: FBT001, FBT002
) -> str:
    """Return the text of what a column computes; a time says how long ago it was."""
    if isinstance(value, datetime):
        return moment(value, "ago")
    return utils.display_for_value(value, empty_value_display, boolean)


def show_lines(value: Any) -> str:
    """Return the text of a read-only field in lines, as `linebreaksbr` does."""
    if isinstance(value, str) and not value.strip():
        return NOTHING
    return linebreaksbr(show_value(value, NOTHING))
