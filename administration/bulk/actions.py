"""The bulk actions: the form, texts, permission and operation of each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, Model
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django_stubs_ext import StrOrPromise

from accounts.models import Account, Department, Domain, Policy
from accounts.models.protocols import PROTOCOL_KEYS, PROTOCOLS
from administration.base.widgets import Column, MomentField, NamedAutocompleteSelect
from clientpasswords.consequences import INHERITED, PolicyChange
from clientpasswords.models import ClientPassword
from provisioning import operations
from provisioning.operations import Order

REQUIRED = {
    "client_passwords_required": True,
    "report_only": False,
    "required_from": None,
}
RELEASED = {"client_passwords_required": False}

ActionParameters = dict[str, Any]  # the cleaned data of the form of an action
Change = Callable[[ActionParameters], PolicyChange]


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
    """A bulk action; `act` returns whether it changed the record.

    `order` is what its button says, and `result` what holds afterwards; both are of a
    number of records, `count`. `change` is what it does to the policies that bind
    mailboxes, if it does anything to them. If it deletes all their security passwords,
    `order` may name these.
    """

    name: str
    title: StrOrPromise
    effect: StrOrPromise
    order: Promise
    result: Promise
    permission: str
    act: Callable[[Any, ActionParameters, Order], bool]
    model: type[Model] = Account
    form: type[forms.Form] = EmptyForm
    change: Change | None = None
    deletes_passwords: bool = False

    @property
    def asks_first(self) -> bool:
        """Whether it is chosen on a page of its own what the change is."""
        return self.change is not None and self.form is not UntilForm

    def describe_order(self, count: int, passwords: int = 0) -> str:
        """Return what its button says of so many records, with so many passwords."""
        mailboxes = MAILBOXES % {"count": count}
        numbers = {"count": count, "passwords": passwords, "mailboxes": mailboxes}
        return str(self.order % numbers)

    @property
    def asks_nothing(self) -> bool:
        """Whether it needs no settings, so that a button can order it."""
        return self.form is EmptyForm


def _give(policy: Policy | None, inherited: Combinable, own: str) -> PolicyChange:
    """Return the change to this policy, or without one from `own` to the inherited."""
    if policy:
        return PolicyChange(policy)
    return PolicyChange(inherited=inherited, own=own)


MAILBOXES = ngettext_lazy("%(count)s mailbox", "%(count)s mailboxes", "count")
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
        ngettext_lazy(
            "Set the policy for %(count)s mailbox",
            "Set the policy for %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "The policy now applies to %(count)s mailbox.",
            "The policy now applies to %(count)s mailboxes.",
            "count",
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy(
            row, asked["policy"], asked["until"], order
        ),
        form=PolicyForm,
        change=lambda asked: _give(asked["policy"], INHERITED, "policy"),
    ),
    BulkAction(
        "require_passwords",
        _("Require security passwords"),
        _(
            "Mail programs are refused with the web password at once, and owners "
            "cannot turn this off. Their mail sessions with the web password are ended."
        ),
        ngettext_lazy(
            "Require for %(count)s mailbox",
            "Require for %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "%(count)s mailbox now needs security passwords.",
            "%(count)s mailboxes now need security passwords.",
            "count",
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy_settings(
            row, REQUIRED, asked["until"], order
        ),
        form=UntilForm,
        change=lambda _asked: PolicyChange(settings=REQUIRED),
    ),
    BulkAction(
        "release_passwords",
        _("Stop requiring security passwords"),
        _(
            "Owners choose for themselves. If they have not turned security passwords "
            "on, the web password works in mail programs again."
        ),
        ngettext_lazy(
            "Stop requiring for %(count)s mailbox",
            "Stop requiring for %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "The owner of %(count)s mailbox now chooses.",
            "The owners of %(count)s mailboxes now choose.",
            "count",
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy_settings(
            row, RELEASED, asked["until"], order
        ),
        form=UntilForm,
        change=lambda _asked: PolicyChange(settings=RELEASED),
    ),
    BulkAction(
        "set_protocols",
        _("Switch protocols on or off"),
        NEW_POLICY,
        ngettext_lazy(
            "Switch protocols for %(count)s mailbox",
            "Switch protocols for %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "The protocols of %(count)s mailbox were switched.",
            "The protocols of %(count)s mailboxes were switched.",
            "count",
        ),
        CHANGE,
        lambda row, asked, order: operations.set_policy_settings(
            row, asked["settings"], asked["until"], order
        ),
        form=ProtocolsForm,
        change=lambda asked: PolicyChange(settings=asked["settings"]),
    ),
    BulkAction(
        "revoke_all",
        _("Delete all security passwords"),
        _(
            "Mail programs can no longer connect with them, and their mail sessions "
            "are ended. You cannot undo this. Owners are notified by mail."
        ),
        ngettext_lazy(
            "Delete %(passwords)s security password (%(mailboxes)s)",
            "Delete %(passwords)s security passwords (%(mailboxes)s)",
            "passwords",
        ),
        ngettext_lazy(
            "%(count)s mailbox no longer has security passwords.",
            "%(count)s mailboxes no longer have security passwords.",
            "count",
        ),
        "clientpasswords.revoke_clientpassword",
        lambda row, asked, order: operations.revoke_client_passwords(row, order),
        deletes_passwords=True,
    ),
    BulkAction(
        "sign_out",
        _("Sign out of the portal"),
        _(
            "The owners are signed out of the portal in all browsers, and can sign in "
            "again. Mail programs stay connected."
        ),
        ngettext_lazy(
            "Sign out %(count)s mailbox", "Sign out %(count)s mailboxes", "count"
        ),
        ngettext_lazy(
            "The owner of %(count)s mailbox was signed out of the portal.",
            "The owners of %(count)s mailboxes were signed out of the portal.",
            "count",
        ),
        "administration.sign_out",
        lambda row, asked, order: operations.sign_out(row, order),
    ),
    BulkAction(
        "cut_off",
        _("Cut off"),
        _(
            "The mailbox is disabled: its owner is signed out of the portal, mail "
            "sessions are ended, and nobody can log on. Nothing is deleted. To undo "
            "it, make the mailbox active again."
        ),
        ngettext_lazy(
            "Cut off %(count)s mailbox", "Cut off %(count)s mailboxes", "count"
        ),
        ngettext_lazy(
            "%(count)s mailbox was disabled.",
            "%(count)s mailboxes were disabled.",
            "count",
        ),
        CHANGE,
        lambda row, asked, order: operations.cut_off(row, order),
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
        ngettext_lazy(
            "Offboard %(count)s mailbox",
            "Offboard %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "%(count)s mailbox was offboarded.",
            "%(count)s mailboxes were offboarded.",
            "count",
        ),
        "administration.offboard",
        lambda row, asked, order: operations.offboard(row, order),
        deletes_passwords=True,
    ),
    BulkAction(
        "unlock_codes",
        _("Unlock codes"),
        _("Codes can be sent and tried again, and the failure counter is reset."),
        ngettext_lazy(
            "Unlock codes for %(count)s mailbox",
            "Unlock codes for %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "Codes work again for %(count)s mailbox.",
            "Codes work again for %(count)s mailboxes.",
            "count",
        ),
        "administration.unlock_codes",
        lambda row, asked, order: operations.unlock_codes(row, order),
    ),
    BulkAction(
        "reset_phone",
        _("Reset the phone"),
        _(
            "The number on file is removed; a text message to it says so. Until a new "
            "number is entered, no security password can be created with a text "
            "message."
        ),
        ngettext_lazy(
            "Reset the phone of %(count)s mailbox",
            "Reset the phones of %(count)s mailboxes",
            "count",
        ),
        ngettext_lazy(
            "The phone of %(count)s mailbox was removed.",
            "The phones of %(count)s mailboxes were removed.",
            "count",
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
        ngettext_lazy(
            "Set the policy for %(count)s domain",
            "Set the policy for %(count)s domains",
            "count",
        ),
        ngettext_lazy(
            "The policy of %(count)s domain was changed.",
            "The policy of %(count)s domains was changed.",
            "count",
        ),
        "accounts.change_domain",
        lambda row, asked, order: operations.set_domain_policy(
            row, asked["policy"], order
        ),
        model=Domain,
        form=DomainPolicyForm,
        change=lambda asked: PolicyChange(policy=asked["policy"]),
    ),
    BulkAction(
        "set_department_policy",
        _("Set the policy"),
        _(
            "The policy applies to every mailbox of the departments without an "
            "exception. Mail sessions that it does not allow are ended."
        ),
        ngettext_lazy(
            "Set the policy for %(count)s department",
            "Set the policy for %(count)s departments",
            "count",
        ),
        ngettext_lazy(
            "The policy of %(count)s department was changed.",
            "The policy of %(count)s departments was changed.",
            "count",
        ),
        "accounts.change_department",
        lambda row, asked, order: operations.set_department_policy(
            row, asked["policy"], order
        ),
        model=Department,
        form=DepartmentPolicyForm,
        change=lambda asked: _give(
            asked["policy"], F("domain__policy"), "department__policy"
        ),
    ),
    BulkAction(
        "revoke",
        _("Delete"),
        _(
            "Mail programs can no longer connect with them, and their mail sessions "
            "are ended."
        ),
        ngettext_lazy(
            "Delete %(count)s security password",
            "Delete %(count)s security passwords",
            "count",
        ),
        ngettext_lazy(
            "%(count)s security password was deleted.",
            "%(count)s security passwords were deleted.",
            "count",
        ),
        "clientpasswords.revoke_clientpassword",
        lambda row, asked, order: operations.revoke_client_password(row, order),
        model=ClientPassword,
    ),
]
BY_NAME = {action.name: action for action in BULK_ACTIONS}
# How many records of a kind were selected.
SELECTED: dict[type[Model], Promise] = {
    Account: ngettext_lazy(
        "%(count)s mailbox selected", "%(count)s mailboxes selected", "count"
    ),
    ClientPassword: ngettext_lazy(
        "%(count)s security password selected",
        "%(count)s security passwords selected",
        "count",
    ),
    Department: ngettext_lazy(
        "%(count)s department selected", "%(count)s departments selected", "count"
    ),
    Domain: ngettext_lazy(
        "%(count)s domain selected", "%(count)s domains selected", "count"
    ),
}
