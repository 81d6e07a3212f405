"""The form of a policy: what its settings come to, and what they are set to at once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.addresses import FULL_STOP
from accounts.models import Policy
from accounts.moments import moment

ONLY_REQUIRED = _("This needs “Security passwords required”.")
# What the settings come to; `policy.js` writes the same sentences while one chooses.
RESULTS: dict[str, StrOrPromise] = {
    "closed": _("No mail program connects, with any password."),
    "open": _("Mail programs connect by {protocols}."),
    "networks": _("They connect from the listed networks only."),
    "chosen": _("Owners choose whether theirs need a security password."),
    "required": _("They need a security password. The web password is refused."),
    "announced": _("From {day} they need a security password."),
    "report": _("Nobody is refused yet. The report shows who would be."),
}


@dataclass(frozen=True)
class Preset:
    """Settings that go together."""

    name: StrOrPromise
    settings: dict[str, bool]

    @property
    def as_json(self) -> str:
        return json.dumps(self.settings)


PRESETS = (
    Preset(
        _("Open"),
        {
            "third_party_logon": True,
            "client_passwords_required": False,
            "report_only": False,
        },
    ),
    Preset(
        _("Required"),
        {
            "third_party_logon": True,
            "client_passwords_required": True,
            "report_only": False,
        },
    ),
    Preset(_("Closed"), {"third_party_logon": False}),
)


def describe_result(policy: Policy) -> SafeString:
    """Return in sentences what the settings come to now.

    None has a blank behind a Chinese full stop.
    """
    sentences = list(_result_sentences(policy))
    blanks = ["", *("" if each.endswith(FULL_STOP) else " " for each in sentences)]
    return format_html_join("", "{}{}", zip(blanks, sentences, strict=False))


def _result_sentences(policy: Policy) -> Iterator[str]:
    protocols = policy.labels_of_protocols(on=True)
    if not (policy.third_party_logon and protocols):
        yield str(RESULTS["closed"])
        return
    yield str(RESULTS["open"]).format(protocols=", ".join(map(str, protocols)))
    if policy.client_networks:
        yield str(RESULTS["networks"])
    if not policy.client_passwords_required:
        yield str(RESULTS["chosen"])
    elif policy.report_only:
        yield str(RESULTS["report"])
    elif policy.required_from and policy.will_require_client_passwords:
        yield format_html(str(RESULTS["announced"]), day=moment(policy.required_from))
    else:
        yield str(RESULTS["required"])


class PolicyForm(ModelForm[Policy]):
    """Refuses settings of a requirement where there is none."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.cleaned_data.get("client_passwords_required"):
            for name in ("required_from", "report_only"):
                if self.cleaned_data.get(name):
                    self.add_error(name, ValidationError(ONLY_REQUIRED))
        return cleaned
