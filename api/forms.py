"""The forms to make and to revoke API tokens."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.admin import site
from django.utils import timezone
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.events import MAX_REASON_LENGTH
from accounts.models import Domain
from administration.base.widgets import (
    MomentField,
    NamedAutocompleteSelectMultiple,
    RecordsField,
)
from clientpasswords.forms import LIFETIMES
from provisioning.models import ApiToken

ALL, SOME = "all", "some"


class ReasonForm(forms.Form):
    """The reason, for the audit log."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Recorded in the audit log."),
        max_length=MAX_REASON_LENGTH,
        required=False,
        widget=forms.TextInput({"class": "vTextField"}),
    )


class MakeForm(ReasonForm):
    """The terms of a token; `tokens.make` checks whether they are possible."""

    name = forms.CharField(
        label=capfirst(_("name")),
        help_text=_("The audit log shows this name."),
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
    reach = forms.ChoiceField(
        label=_("For"),
        choices=[(ALL, _("all domains")), (SOME, _("only these domains"))],
        widget=forms.RadioSelect,
    )
    domains = RecordsField(
        Domain.objects.all(),
        label=capfirst(_("domains")),
        help_text=_(
            "For a token that is limited to these domains. It cannot see any others."
        ),
        required=False,
        widget=NamedAutocompleteSelectMultiple(ApiToken.domains.field, site),
    )
    lasts = forms.ChoiceField(
        label=_("How long it works"),
        choices=[
            ("always", _("without end")),
            ("30", _("30 days")),
            ("90", _("90 days")),
            ("365", _("1 year")),
            ("date", _("until a time:")),
        ],
        initial="always",
        widget=forms.RadioSelect,
        required=False,
    )
    expires_at = MomentField(label=capfirst(_("expires")), required=False)

    field_order = [
        *("name", "scopes", "reach", "domains"),
        *("lasts", "expires_at", "reason"),
    ]

    def clean(self) -> dict[str, Any]:
        """Refuse domains together with all domains: the token would see others."""
        reach, domains = (self.cleaned_data.get(name) for name in ("reach", "domains"))
        if reach == ALL and domains:
            words = _("Choose above: all domains, or only these.")
            self.add_error("domains", words)
        self._take_lifetime(self.cleaned_data.get("lasts", ""))
        return self.cleaned_data

    def _take_lifetime(self, lasts: str) -> None:
        """Set when the token ends, unless a time is to be entered."""
        if lasts == "always" or lasts in LIFETIMES:
            # The field of the time is hidden, whatever it holds.
            self.errors.pop("expires_at", None)
            days = LIFETIMES.get(lasts)
            end = timezone.now() + timedelta(days=days) if days else None
            self.cleaned_data["expires_at"] = end
            return
        is_typed = "expires_at" in self.errors or self.cleaned_data.get("expires_at")
        if lasts == "date" and not is_typed:
            self.add_error("expires_at", _("Choose a time in the future."))

    def chosen_domains(self) -> list[Domain] | None:
        """Return the domains of the token; None: all, and future ones."""
        if self.cleaned_data["reach"] == ALL:
            return None
        return list(self.cleaned_data["domains"])
