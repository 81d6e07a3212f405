"""The newest refusal of a mailbox: why, what to do, where, and what to answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.addresses import FULL_STOP
from accounts.http import build_absolute_url
from accounts.models import Account, Policy
from accounts.models.protocols import PROTOCOLS_BY_KEY
from accounts.policy import effective
from clientpasswords import refusals
from clientpasswords.logon.diagnosis import Diagnosis
from clientpasswords.models import ClientPassword, Logon
from clientpasswords.refusals import Fix, Refusal
from clientpasswords.usage import history


@dataclass(frozen=True)
class Link:
    """A page of the administration where the cause can be mended or looked into."""

    text: str
    url: str


@dataclass(frozen=True)
class NewestRefusal:
    """A refused logon in words, without a secret; `answer` is for the ticket."""

    logon: Logon
    refusal: Refusal
    links: list[Link]
    answer: str
    # Whether it is known that the mail server would let the program in now.
    is_mended: bool

    @property
    def protocol(self) -> str:
        return get_protocol_label(self.logon)


def find(
    request: HttpRequest,
    account: Account,
    recent: Iterable[Logon],
    found: Mapping[str, Diagnosis] | None = None,
) -> NewestRefusal | None:
    """Return the newest refusal of the recent logons that is open, for this reader.

    `found` says how the mail server would decide now, if that was asked.
    """
    logon = history.find_newest_refusal(recent)
    if logon is None:
        return None
    refusal = refusals.get_refusal(logon.reason)
    now = (found or {}).get(logon.protocol)
    return NewestRefusal(
        logon=logon,
        refusal=refusal,
        links=list(_list_links(request, account, logon, refusal.help.fixes)),
        answer=write_answer(
            account, logon, build_absolute_url(request, reverse(settings.OWNERS_PAGE))
        ),
        is_mended=now is not None and now.has_mended(refusal, logon.client_password_id),
    )


def write_answer(account: Account, logon: Logon, page: str) -> str:
    """Return what a help desk writes to the owner, in the active language.

    `page` is the address of the owner's page of security passwords.
    """
    refusal = refusals.get_refusal(logon.reason)
    at = timezone.localtime(logon.last_at)
    sentence = _(
        "On %(moment)s, the mail server refused a mail program of %(address)s "
        "(%(program)s)."
    ) % {
        "moment": f"{date_format(at, 'SHORT_DATETIME_FORMAT')} ({at.tzname()})",
        "address": account.address,
        "program": ", ".join(_describe_program(logon)),
    }
    asked = str(refusal.help.answer) % {"page": page}
    return join_sentences(sentence, str(refusal.help.cause), asked)


def join_sentences(*sentences: str) -> str:
    """Return the sentences as one text; none has a blank behind a Chinese full stop."""
    return " ".join(sentences).replace(f"{FULL_STOP} ", FULL_STOP)


def get_protocol_label(logon: Logon) -> str:
    """Return the protocol as pages name it."""
    known = PROTOCOLS_BY_KEY.get(logon.protocol)
    return known.label if known else logon.protocol


def list_url(model: type[Model], account: Account) -> str:
    """Return the list of these records, narrowed to the mailbox."""
    opts = admin.site.get_model_admin(model).opts
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{url}?{urlencode({'q': account.address})}"


def may_view(request: HttpRequest, model: type[Model]) -> bool:
    """Whether the reader may open the pages of these records."""
    return admin.site.get_model_admin(model).has_view_permission(request)


def _describe_program(logon: Logon) -> Iterator[str]:
    yield get_protocol_label(logon)
    if logon.network_address:
        yield _("from %(address)s") % {"address": logon.network_address}
    if logon.client_password:
        yield _("device “%(device)s”") % {"device": logon.client_password.label}


def _list_links(
    request: HttpRequest, account: Account, logon: Logon, fixes: tuple[Fix, ...]
) -> Iterator[Link]:
    """Yield the links that the reader may follow; without a device, to all of them."""
    asked = dict.fromkeys(
        Fix.DEVICES if fix is Fix.DEVICE and not logon.client_password else fix
        for fix in fixes
    )
    for fix in asked:
        model, make_link = LINKS[fix]
        if may_view(request, model):
            yield make_link(account, logon)


def _link_policy(account: Account, _logon: Logon) -> Link:
    policy = effective.get_effective_policy(account).policy
    text = _("Policy %(name)s") % {"name": policy.name}
    return Link(text, reverse("admin:accounts_policy_change", args=[policy.pk]))


def _link_device(_account: Account, logon: Logon) -> Link:
    row = logon.client_password
    name = "admin:clientpasswords_clientpassword_change"
    text = _("Security password “%(device)s”") % {"device": row}
    return Link(text, reverse(name, args=[row and row.pk]))


def _link_devices(account: Account, _logon: Logon) -> Link:
    text = _("Security passwords of the mailbox")
    return Link(text, list_url(ClientPassword, account))


def _link_mailbox(account: Account, _logon: Logon) -> Link:
    name = "admin:accounts_account_change"
    return Link(capfirst(_("mailbox")), reverse(name, args=[account.pk]))


def _link_logons(account: Account, _logon: Logon) -> Link:
    return Link(_("All mail logons of the mailbox"), list_url(Logon, account))


MakeLink = Callable[[Account, Logon], Link]
LINKS: dict[Fix, tuple[type[Model], MakeLink]] = {
    Fix.POLICY: (Policy, _link_policy),
    Fix.DEVICE: (ClientPassword, _link_device),
    Fix.DEVICES: (ClientPassword, _link_devices),
    Fix.MAILBOX: (Account, _link_mailbox),
    Fix.LOGONS: (Logon, _link_logons),
}
