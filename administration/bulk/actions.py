"""The bulk actions: the form, texts, permission and operation of each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import Account, Department, Domain, Policy
from accounts.models.protocols import PROTOCOL_KEYS, PROTOCOLS
from administration.base.widgets import Column, MomentField, NamedAutocompleteSelect
from clientpasswords.models import ClientPassword
from provisioning import operations
from provisioning.operations import Order

REQUIRED = {
    "client_passwords_required": True,
    "report_only": False,
    "required_from": None,
}

ActionParameters = dict[str, Any]  # the cleaned data of the form of an action


class EmptyForm(forms.Form):
    pass


def _policy_field(
    source: Column, nothing: StrOrPromise | None = None
) -> forms.ModelChoiceField[Policy]:
    """Return a field that searches for a policy, like the field `source` of a model.

    With `nothing` it may be empty, and shows this text then.
    """
    widget = NamedAutocompleteSelect(source, admin.site, nothing=nothing or "")
    return forms.ModelChoiceField(
        Policy.objects.all(), label=_("Policy"), required=nothing is None, widget=widget
    )


class DomainPolicyForm(forms.Form):
    policy = _policy_field(Domain.policy.field)


class DepartmentPolicyForm(forms.Form):
    policy = _policy_field(
        Department.policy.field, _("None of its own: the policy of the domain applies")
    )


class UntilForm(forms.Form):
    until = MomentField(
        label=_("Until"),
        required=False,
        help_text=_("After that, the policy of the department or domain applies."),
    )

    def clean_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise forms.ValidationError(_("This time has passed."))
        return until


class PolicyForm(UntilForm):
    policy = _policy_field(
        Account.policy.field,
        _("None of its own: the policy of the department or domain applies"),
    )
    field_order = ["policy", "until"]


class ProtocolsForm(UntilForm):
    CHOICES = [("", _("unchanged")), ("on", _("on")), ("off", _("off"))]
    field_order = [*PROTOCOL_KEYS, "until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in PROTOCOLS:
            self.fields[each.key] = forms.ChoiceField(
                label=each.label, choices=self.CHOICES, required=False
            )
        self.order_fields(self.field_order)

    def clean(self) -> ActionParameters:
        self.cleaned_data["settings"] = settings = {
            name: self.cleaned_data[name] == "on"
            for name in PROTOCOL_KEYS
            if self.cleaned_data.get(name)
        }
        if not settings:
            raise forms.ValidationError(_("Choose at least one protocol."))
        return self.cleaned_data


@dataclass(frozen=True)
class BulkAction:
    """A bulk action; `act` returns whether it changed the record."""

    name: str
    title: StrOrPromise
    effect: StrOrPromise
    permission: str
    act: Callable[[Any, ActionParameters, Order], bool]
    model: type[Model] = Account
    form: type[forms.Form] = EmptyForm


CHANGE = "accounts.change_account"
NEW_POLICY = _(
    "If the inherited policy differs, the mailbox gets its own policy with these "
    "settings. An existing one is reused."
)
BULK_ACTIONS = [
    BulkAction(
        "set_policy",
        _("Set the policy"),
        _(
            "The mailboxes get this policy as an exception. It overrides the policies "
            "of the department and domain. Mail sessions that it does not allow are "
            "ended."
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy(
            row, asked["policy"], asked["until"], order
        ),
        form=PolicyForm,
    ),
    BulkAction(
        "require_passwords",
        _("Require security passwords"),
        _(
            "Mail programs are refused with the web password at once, and owners "
            "cannot turn this off. Their mail sessions with the web password are ended."
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy_settings(
            row, REQUIRED, asked["until"], order
        ),
        form=UntilForm,
    ),
    BulkAction(
        "release_passwords",
        _("Stop requiring security passwords"),
        _(
            "Owners choose for themselves. If they have not turned security passwords "
            "on, the web password works in mail programs again."
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy_settings(
            row, {"client_passwords_required": False}, asked["until"], order
        ),
        form=UntilForm,
    ),
    BulkAction(
        "set_protocols",
        _("Switch protocols on or off"),
        NEW_POLICY,
        CHANGE,
        lambda row, asked, order: operations.set_policy_settings(
            row, asked["settings"], asked["until"], order
        ),
        form=ProtocolsForm,
    ),
    BulkAction(
        "revoke_all",
        _("Delete all security passwords"),
        _(
            "Mail programs can no longer connect with them, and their mail sessions "
            "are ended. You cannot undo this. Owners are notified by mail."
        ),
        "clientpasswords.revoke_clientpassword",
        lambda row, asked, order: operations.revoke_client_passwords(row, order),
    ),
    BulkAction(
        "off_board",
        _("Offboard"),
        _(
            "For people who have left. They are signed out of the portal, all their "
            "security passwords are deleted, their mail sessions are ended, and the "
            "mailbox is disabled. No mail is deleted. The address stays reserved, so "
            "nobody else can get it or the mail."
        ),
        "administration.offboard",
        lambda row, asked, order: operations.offboard(row, order),
    ),
    BulkAction(
        "unlock_codes",
        _("Unlock codes"),
        _("Codes can be sent and tried again, and the failure counter is reset."),
        "administration.unlock_codes",
        lambda row, asked, order: operations.unlock_codes(row, order),
    ),
    BulkAction(
        "reset_phone",
        _("Reset the phone"),
        _(
            "The number on file is removed and notified by text message. Until a new "
            "number is entered, no security password can be created with a text "
            "message."
        ),
        "administration.reset_phone",
        lambda row, asked, order: operations.reset_phone(row, order),
    ),
    BulkAction(
        "set_domain_policy",
        _("Set the policy"),
        _(
            "The policy applies to every mailbox of the domains without an exception "
            "or a department policy. Mail sessions that it does not allow are ended."
        ),
        "accounts.change_domain",
        lambda row, asked, order: operations.set_domain_policy(
            row, asked["policy"], order
        ),
        model=Domain,
        form=DomainPolicyForm,
    ),
    BulkAction(
        "set_department_policy",
        _("Set the policy"),
        _(
            "The policy applies to every mailbox of the departments without an "
            "exception. Mail sessions that it does not allow are ended."
        ),
        "accounts.change_department",
        lambda row, asked, order: operations.set_department_policy(
            row, asked["policy"], order
        ),
        model=Department,
        form=DepartmentPolicyForm,
    ),
    BulkAction(
        "revoke",
        _("Delete"),
        _(
            "Mail programs can no longer connect with them, and their mail sessions "
            "are ended."
        ),
        "clientpasswords.revoke_clientpassword",
        lambda row, asked, order: operations.revoke_client_password(row, order),
        model=ClientPassword,
    ),
]
BY_NAME = {action.name: action for action in BULK_ACTIONS}
