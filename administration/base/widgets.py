"""Django admin's own widgets, where they lack a name, or ask too much."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.widgets import (
    AdminSplitDateTime,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import Form, Media, SplitDateTimeField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from provisioning.cells import YEARS


class DateAndTime(AdminSplitDateTime):
    """Two fields under one label; each says which of both it is."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, (_("Date"), _("Time")), strict=True):
            widget.attrs["aria-label"] = name


def in_the_calendar(moment: datetime) -> None:
    """Raise unless every time zone can show this moment.

    Raises:
        ValidationError: its year is none that a list of somebody else can name either.
    """
    try:
        year = moment.astimezone(UTC).year
    except OverflowError:
        year = 0
    if year not in YEARS:
        words = _("The year has to be from %(first)s to %(last)s.")
        named = {"first": YEARS[0], "last": YEARS[-1]}
        raise ValidationError(words, params=named)


class MomentField(SplitDateTimeField):
    """Asks for a date and a time, together a moment that every time zone can show."""

    widget = DateAndTime
    default_validators = [in_the_calendar]


class SaysWhatItNeeds:
    """Says without JavaScript that it needs it: Django admin's search has no other way.

    A mixin, before the widget.
    """

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        widget: Any = super()
        return format_html(
            '{}<noscript><p class="help">{}</p></noscript>',
            widget.render(*args, **kwargs),
            _("To choose here, JavaScript has to be on."),
        )


class KnownAutocompleteSelect(SaysWhatItNeeds, AutocompleteSelect):
    """Does not ask the database for the name of what is chosen, where that is known.

    While nothing is chosen it says what that means, if it was given `nothing`.
    """

    known: Model | None = None
    # Nothing else can be chosen in it, whatever was typed.
    is_looked_at = False

    def __init__(self, *args: Any, nothing: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nothing = nothing

    @property
    def media(self) -> Media:
        # In this order: it looks at what the other script has made.
        own = Media(js=["admin/js/autocomplete.js", "js/named.js"])
        return super().media + own

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(*args, **kwargs)
        return {
            **attrs,
            "data-placeholder": self.nothing,
            # Inside of a landmark of the page.
            "data-dropdown-parent": "#content",
        }

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Return the one option that is chosen; the others come while one types."""
        known = [self.known] if self.known else []
        is_chosen = [str(each) for each in value] == [str(row.pk) for row in known]
        if not (self.is_looked_at or (known and is_chosen)):
            return super().optgroups(name, value, attrs)
        choices = [] if self.is_required else [("", "", False)]
        choices += [(row.pk, str(row), True) for row in known]
        options = [
            self.create_option(name, each, text, selected=selected, index=0)
            for each, text, selected in choices
        ]
        return [(None, options, 0)]


def tell_what_is_chosen(form: Form) -> None:
    """Let the fields of a form that was looked at know what was chosen in them."""
    for name, field in form.fields.items():
        if form.is_bound and isinstance(field.widget, KnownAutocompleteSelect):
            field.widget.known = form.cleaned_data.get(name)
            field.widget.is_looked_at = True


# What can be looked for as the key of a record.
KEY = re.compile(r"[0-9]{1,18}")


class NamedAutocomplete(SaysWhatItNeeds, AutocompleteSelectMultiple):
    """Says in the field one types into what it is for; Select2 gives it no label.

    It does not ask the database for the names of those that are `known`.
    """

    known: Sequence[Model] = ()

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(*args, **kwargs)
        return {**attrs, "data-placeholder": capfirst(self.field.verbose_name)}

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Return what is chosen; what is no key was refused, and is nobody's name."""
        keys = [each for each in value if KEY.fullmatch(str(each))]
        known = {str(row.pk): str(row) for row in self.known}
        chosen = {key: text for key, text in known.items() if key in keys}
        if len(chosen) < len(keys):
            return super().optgroups(name, keys, attrs)
        options = [
            self.create_option(name, key, text, selected=True, index=index)
            for index, (key, text) in enumerate(chosen.items())
        ]
        return [(None, options, 0)]
