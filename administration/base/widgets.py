"""Widgets of Django admin, with accessible names and cheaper queries."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import (
    AdminSplitDateTime,
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.exceptions import ValidationError
from django.db.models import Field, Model
from django.forms import (
    Media,
    ModelMultipleChoiceField,
    SplitDateTimeField,
)
from django.forms.renderers import BaseRenderer
from django.forms.widgets import ChoiceWidget
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from provisioning.cells import CALENDAR_YEARS

Column = Field[Any, Any]  # of a record
Attributes = dict[str, Any]  # of an element of HTML, as Django's widgets write it


class DateAndTime(AdminSplitDateTime):
    """Two fields under one label, each with an accessible name."""

    def __init__(self, attrs: Attributes | None = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, (_("Date"), _("Time")), strict=True):
            widget.attrs["aria-label"] = name


def validate_calendar_range(moment: datetime) -> None:
    """Raise unless every time zone can show this moment.

    Raises:
        ValidationError: its year is not in `CALENDAR_YEARS`.
    """
    try:
        year = moment.astimezone(UTC).year
    except OverflowError:
        year = 0
    if year not in CALENDAR_YEARS:
        words = _("The year must be from %(first)s to %(last)s.")
        named = {"first": CALENDAR_YEARS[0], "last": CALENDAR_YEARS[-1]}
        raise ValidationError(words, params=named)


class MomentField(SplitDateTimeField):
    """A date and a time, which every time zone can show."""

    widget = DateAndTime
    default_validators = [validate_calendar_range]


# The form of a primary key.
PRIMARY_KEY = re.compile(r"[0-9]{1,18}")


class RecordsField(ModelMultipleChoiceField[Any]):
    """Records by their primary keys; databases cannot look up longer numbers."""

    def clean(self, value: Any) -> Any:
        for each in value or []:
            if not PRIMARY_KEY.fullmatch(str(each)):
                words = self.error_messages["invalid_pk_value"]
                raise ValidationError(words, params={"pk": each})
        return super().clean(value)


# A group of choices as Django's widgets return it: label, options, number.
Group = tuple[str | None, list[dict[str, Any]], int | None]


class _SearchedSelect(AutocompleteMixin, ChoiceWidget):
    """Tells users without JavaScript that the search of Django admin needs it.

    Invalid keys were refused before, and are not looked up. Nor are the records of
    `loaded`, by their keys: the chosen ones that the form has at hand.
    """

    loaded: Mapping[str, Model] = {}

    def render(
        self,
        name: str,
        value: object,
        attrs: Attributes | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        return format_html(
            '{}<noscript><p class="help">{}</p></noscript>',
            super().render(name, value, attrs, renderer),
            _("Turn JavaScript on to choose here."),
        )

    def optgroups(
        self, name: str, value: Sequence[str], attr: Attributes | None = None
    ) -> list[Group]:
        """Return the chosen options; the others are loaded while one types."""
        keys = [str(each) for each in value if PRIMARY_KEY.fullmatch(str(each))]
        unknown = [key for key in keys if key not in self.loaded]
        groups = super().optgroups(name, unknown, attr)
        _label, options, _number = groups[0]
        for key in keys:
            if chosen := self.loaded.get(key):
                text = self.choices.field.label_from_instance(chosen)
                option = self.create_option(name, key, text, True, len(options))  # noqa: FBT003
                options.append(option)
        return groups


class NamedAutocompleteSelect(_SearchedSelect, AutocompleteSelect):
    """Shows the text `nothing` while nothing is chosen."""

    def __init__(
        self, field: Column, site: AdminSite, *, nothing: StrOrPromise = ""
    ) -> None:
        super().__init__(field, site)
        self.nothing = nothing

    @property
    def media(self) -> Media:
        # In this order: our script needs the elements that the first one makes.
        own = Media(js=["admin/js/autocomplete.js", "js/named.js"])
        return super().media + own

    def build_attrs(
        self, base_attrs: Attributes, extra_attrs: Attributes | None = None
    ) -> Attributes:
        return {
            **super().build_attrs(base_attrs, extra_attrs),
            "data-placeholder": self.nothing,
            # Inside a landmark of the page.
            "data-dropdown-parent": "#content",
        }


class NamedAutocompleteSelectMultiple(_SearchedSelect, AutocompleteSelectMultiple):
    """Has a placeholder in the search field, to which Select2 gives no label."""

    def build_attrs(
        self, base_attrs: Attributes, extra_attrs: Attributes | None = None
    ) -> Attributes:
        attrs = super().build_attrs(base_attrs, extra_attrs)
        return {**attrs, "data-placeholder": capfirst(self.field.verbose_name)}
