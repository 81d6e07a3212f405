"""What is asked of whoever makes or revokes a token."""

from typing import Any

from django import forms
from django.contrib.admin import site
from django.core.exceptions import ValidationError
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.events import LONGEST_REASON
from accounts.models import Domain
from administration.widgets import KEY, DateAndTime, NamedAutocomplete
from api.models import ApiToken


class ReasonForm(forms.Form):
    """Why, for the record of events."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Goes into the record of events."),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.TextInput({"class": "vTextField"}),
    )


class DomainsField(forms.ModelMultipleChoiceField):
    """Domains by their keys; SQLite could not even look for a longer number."""

    def clean(self, value: Any) -> Any:
        for each in value or []:
            if not KEY.fullmatch(str(each)):
                words = self.error_messages["invalid_pk_value"]
                raise ValidationError(words, params={"pk": each})
        return super().clean(value)


class MakeForm(ReasonForm):
    """What a token is to be; whether it can be that, `tokens.make` decides."""

    name = forms.CharField(
        label=capfirst(_("name")),
        help_text=_("By this name it is in the record of events."),
        max_length=60,
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=capfirst(_("scopes")),
        choices=[
            (scope.value, format_lazy("{}: {}", scope.value, scope.label))
            for scope in ApiToken.Scope
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    domains = DomainsField(
        Domain.objects.all(),
        label=capfirst(_("domains")),
        help_text=_("All others are hidden from it. Empty: it sees every domain."),
        required=False,
        widget=NamedAutocomplete(ApiToken.domains.field, site),
    )
    expires_at = forms.SplitDateTimeField(
        label=capfirst(_("expires")),
        help_text=_("Empty: never."),
        required=False,
        widget=DateAndTime,
    )

    field_order = ["name", "scopes", "domains", "expires_at", "reason"]
