"""What a help desk asks of a mailbox: its state, devices, logons, and what to do."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Account, Phone
from accounts.policy import effective as effective_policy
from accounts.signin import authenticator
from administration.base.lists import Context
from administration.bulk import actions, jobs
from administration.bulk.actions import BulkAction
from administration.mailboxes import refused
from administration.policies import effective
from clientpasswords import refusals
from clientpasswords.models import ClientPassword, Logon
from clientpasswords.usage import history

DEVICES, LOGONS = 10, 5  # shown; the lists have all


@dataclass(frozen=True)
class Fact:
    """A part of the line of state: words, and a moment where there is one."""

    text: str
    at: datetime | None = None
    is_bad: bool = False


@dataclass(frozen=True)
class Device:
    """A security password as the table shows it."""

    row: ClientPassword
    state: str
    works: bool
    limits: str

    @property
    def key(self) -> int:
        """The same for both passwords of one device, of which one is to be replaced."""
        return self.row.replaces_id or self.row.pk

    @property
    def url(self) -> str:
        name = "admin:clientpasswords_clientpassword_change"
        return reverse(name, args=[self.row.pk])


# The acts in the order of the buttons, those that take the most away at the end. Others
# would follow these.
ORDER = [
    "unlock_codes",
    "reset_phone",
    "sign_out",
    "revoke_all",
    "cut_off",
    "off_board",
]
# What would change nothing is not offered.
IS_NEEDLESS: dict[str, Callable[[Account, bool], bool]] = {
    "revoke_all": lambda account, has_devices: not has_devices,
    "reset_phone": lambda account, has_devices: not hasattr(account, "phone"),
    "cut_off": lambda account, has_devices: not account.is_active,
    "off_board": lambda account, has_devices: not account.is_active and not has_devices,
}


def page_context(request: HttpRequest, account: Account) -> Context:
    """Return what this reader may see and do. Two queries."""
    passwords = (
        account.client_passwords.live()
        .select_related("usage", "replacement")
        .with_refusal()
    )
    devices = list(_list_devices(passwords))
    sees_logons = refused.may_view(request, Logon)
    recent = history.get_recent_logons(account) if sees_logons else []
    context: Context = {
        "state": [
            *_list_switches(account, len({each.key for each in devices})),
            *([_describe_last_logon(recent, devices)] if sees_logons else []),
            *_describe_codes(request, account),
        ],
        "acts": list(_list_acts(request, account, has_devices=bool(devices))),
    }
    if refused.may_view(request, ClientPassword):
        context |= {
            "devices": devices[:DEVICES],
            "device_count": len(devices),
            "devices_url": refused.list_url(ClientPassword, account),
            "may_revoke": _may_order(request, actions.BY_NAME["revoke"], account),
        }
    if sees_logons:
        context |= {
            "newest": refused.find(request, account, recent),
            "attempts": recent[:LOGONS],
            "logons_url": refused.list_url(Logon, account),
        }
    return context


def _may_order(request: HttpRequest, action: BulkAction, account: Account) -> bool:
    reader = request.user
    return isinstance(reader, Account) and jobs.may_order_for(reader, action, account)


def _list_acts(
    request: HttpRequest, account: Account, *, has_devices: bool
) -> Iterator[BulkAction]:
    """Yield the bulk actions that the reader may order for the mailbox by a button."""
    buttons = [
        each
        for each in actions.BULK_ACTIONS
        if each.model is Account and each.asks_nothing
    ]
    for action in sorted(buttons, key=_place_of):
        is_needless = IS_NEEDLESS.get(action.name)
        if is_needless and is_needless(account, has_devices):
            continue
        if _may_order(request, action, account):
            yield action


def _place_of(action: BulkAction) -> int:
    return ORDER.index(action.name) if action.name in ORDER else len(ORDER)


def _list_switches(account: Account, devices: int) -> Iterator[Fact]:
    """Yield what lets mail programs in or keeps them out, the worst first."""
    bound = effective_policy.get_effective_policy(account)
    policy = bound.policy
    if not account.is_active:
        yield Fact(_("Disabled"), is_bad=True)
    if not policy.third_party_logon:
        yield Fact(_("Mail programs are switched off"), is_bad=True)
    in_force = effective_policy.client_passwords_in_force(account, policy)
    yield Fact(_("Security passwords on") if in_force else _("Security passwords off"))
    if policy.requires_client_passwords:
        yield Fact(_("required by %(name)s") % {"name": bound.decided_by})
    elif policy.client_passwords_required:
        yield Fact(effective.describe_requirement(policy))
    most = policy.max_client_passwords
    yield Fact(_("%(count)s of %(most)s devices") % {"count": devices, "most": most})


def _describe_last_logon(recent: Iterable[Logon], devices: Iterable[Device]) -> Fact:
    """Return when a mail program was last let in; the webmail does not count."""
    by_program = [
        each.last_at
        for each in recent
        if not each.reason and (each.client_password_id or each.by_web_password)
    ]
    used = [each.row.used.last_at for each in devices if each.row.used]
    last = max([*by_program, *used], default=None)
    if last is None:
        return Fact(_("no mail program yet"))
    return Fact(_("last mail program:"), last)


def _describe_codes(request: HttpRequest, account: Account) -> Iterator[Fact]:
    """Yield whether the phone gets codes and they can be tried, or what stops it."""
    phone: Phone | None = getattr(account, "phone", None)
    if not request.user.has_perm("accounts.view_phone"):
        return
    if phone is None:
        yield _describe_app(account)
    elif phone.locked:
        yield Fact(_("codes: locked until someone unlocks them"), is_bad=True)
    elif phone.held_until and phone.is_held:
        text = _("codes: sent to the new number from")
        yield Fact(text, phone.held_until, is_bad=True)
    elif wait := phone.get_try_wait():
        yield Fact(_("codes: next try from"), timezone.now() + wait, is_bad=True)
    else:
        yield Fact(_("codes: fine"))


def _describe_app(account: Account) -> Fact:
    """Return whether the app of an owner without a phone gives the codes."""
    policy = effective_policy.get_effective_policy(account).policy
    set_up_at = vars(account)["app_set_up_at"]  # which came with the mailbox
    counts_from = authenticator.get_usable_from(set_up_at, policy, has_phone=False)
    if counts_from is None:
        return Fact(_("codes: no phone number"), is_bad=True)
    if counts_from > timezone.now():
        return Fact(_("codes: by authenticator app from"), counts_from, is_bad=True)
    return Fact(_("codes: by authenticator app"))


def _list_devices(passwords: Iterable[ClientPassword]) -> Iterator[Device]:
    """Yield the devices, the last used first, those never used at the end."""
    for row in sorted(passwords, key=_order_by_use):
        refusal = row.refusal
        said = refusals.describe(refusal) if refusal else _("works")
        yield Device(row, said, not refusal, describe_limits(row))


def _order_by_use(row: ClientPassword) -> tuple[bool, float]:
    at = row.used.last_at if row.used else row.created_at
    return (row.used is None, -at.timestamp())


def describe_limits(row: ClientPassword) -> str:
    """Return the scope of a security password in words; empty if it has none."""
    parts = []
    if row.protocols_missing:
        parts.append(", ".join(row.protocols_allowed))
    if row.networks:
        parts.append(row.networks)
    if row.expires_at:
        day = date_format(timezone.localtime(row.expires_at), "SHORT_DATE_FORMAT")
        parts.append(_("until %(day)s") % {"day": day})
    return "; ".join(parts)
