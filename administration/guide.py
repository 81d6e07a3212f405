"""The first steps of a new host: from an empty database to the first mail program.

Each step is done when the data say so; nobody ticks it. An administrator sees the steps
that they can take. The start page asks what they need to know with its own counts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db.models import Exists, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts import sites
from accounts.events import Kind
from accounts.http import set_choice_cookie
from accounts.models import Account, Domain, Heartbeat, Phone, SecurityEvent
from accounts.models.heartbeat import WORKERS
from clientpasswords.models import Logon
from provisioning import roles

COOKIE, HIDDEN = "first_steps", "hidden"


@dataclass(frozen=True)
class Step:
    """A step of the guide.

    Args:
        key: Its name among the facts, if it is not always done.
        title: What is to be done.
        text: Why, and what happens on the page.
        page: The name of the page where it is done, with a query string if need be.
        permissions: What one needs to do it.
        is_for_operators: Whether it is about the whole host.
    """

    key: str
    title: StrOrPromise
    text: StrOrPromise
    page: str
    permissions: tuple[str, ...] = ()
    is_for_operators: bool = False


@dataclass(frozen=True)
class ShownStep:
    """A step as it is shown."""

    step: Step
    is_done: bool
    link: str


@dataclass(frozen=True)
class Guide:
    """The steps; `next` is the first one that is not done."""

    steps: list[ShownStep]
    is_hidden: bool

    @property
    def next(self) -> ShownStep | None:
        return next((each for each in self.steps if not each.is_done), None)

    @property
    def done(self) -> int:
        """The number of steps that are done."""
        return sum(each.is_done for each in self.steps)


STEPS = (
    Step(
        "second_factor",
        _("Second factor"),
        _("You sign in with two steps. Keep recovery codes for a lost phone."),
        "two_factor:profile",
    ),
    Step(
        "sites",
        _("Site and host names"),
        _(
            "MAIL_SITES names this portal and its mail servers. The help pages show "
            "what owners read of them."
        ),
        "help:index",
        is_for_operators=True,
    ),
    Step(
        "domain",
        _("Domain"),
        _("Add each mail domain whose mailboxes use this portal."),
        "admin:accounts_domain_changelist",
        ("accounts.add_domain",),
        is_for_operators=True,
    ),
    Step(
        "policy",
        _("Policy"),
        _(
            "It decides who may use which mail programs. Open it, and save it as it is "
            "or as you want it."
        ),
        "admin:accounts_policy_changelist",
        ("accounts.change_policy",),
    ),
    Step(
        "mailbox",
        _("Mailbox with a phone"),
        _("Its owner gets codes there to create security passwords."),
        "admin:accounts_account_add",
        ("accounts.add_account", "accounts.change_account", "accounts.add_phone"),
    ),
    Step(
        "services",
        _("Services"),
        _("All of them have to run, or nothing is read from the mail servers."),
        "admin:accounts_heartbeat_changelist",
        ("accounts.view_heartbeat",),
        is_for_operators=True,
    ),
    Step(
        "tried",
        _("Try it"),
        _("Check whether the mail server would let the new mailbox in."),
        "admin:accounts_account_try",
        ("accounts.view_account", "clientpasswords.view_logon"),
    ),
    Step(
        "connected",
        _("First mail program"),
        _(
            "The owner signs in, creates a security password and enters it in a mail "
            "program. Its first logon appears here within a minute."
        ),
        "admin:clientpasswords_logon_changelist",
        ("clientpasswords.view_logon",),
    ),
)


def list_questions(request: HttpRequest) -> dict[str, QuerySet[Account]]:
    """Return what the database is asked for the guide, by the steps of this reader.

    A step is done if there is a row, which is the reader's own account. No queries.
    """
    own = Account.objects.filter(address=request.user.get_username()).order_by()
    return {
        step.key: own.filter(Exists(ASKED[step.key](request)))
        for step in _list_steps(request)
        if step.key in ASKED
    }


def build_guide(
    request: HttpRequest, answers: Mapping[str, int], services: Iterable[Heartbeat]
) -> Guide | None:
    """Return the guide of this administrator; None if there is nothing to do.

    Args:
        request: That of the start page.
        answers: How many rows each of the `list_questions` has.
        services: All that the reader may see.
    """
    facts = {
        # Nobody opens the administration without it.
        "second_factor": True,
        "sites": sites.choose_servers(sites.get_own_site().servers) is not None,
        "services": _are_all_running(services),
        **answers,
    }
    steps = [
        ShownStep(step, bool(facts[step.key]), reverse(step.page))
        for step in _list_steps(request)
    ]
    if all(step.is_done for step in steps):
        return None
    return Guide(steps, request.COOKIES.get(COOKIE) == HIDDEN)


def choose(request: HttpRequest) -> HttpResponse:
    """Hide the steps in this browser, or show them again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    response = redirect("admin:index")
    choice = HIDDEN if request.POST.get("steps") == HIDDEN else "shown"
    set_choice_cookie(response, COOKIE, choice)
    return response


def _list_steps(request: HttpRequest) -> list[Step]:
    """Return the steps that the reader can take.

    There are none for those who may not add mailboxes: they have nothing to set up.
    """
    if not site.get_model_admin(Account).has_add_permission(request):
        return []
    return [step for step in STEPS if _may_take(request, step)]


def _may_take(request: HttpRequest, step: Step) -> bool:
    allowed = request.user.has_perms(step.permissions)
    return allowed and (not step.is_for_operators or roles.is_operator(request.user))


def _are_all_running(services: Iterable[Heartbeat]) -> bool:
    """Whether each service was seen running lately on a host."""
    seen = {each.worker for each in services if each.state in {"running", "failing"}}
    return seen >= WORKERS.keys()


def _domains(request: HttpRequest) -> QuerySet[Domain]:
    return roles.visible(request.user, Domain).order_by()


def _policies_looked_at(request: HttpRequest) -> QuerySet[LogEntry]:
    """Return the policies that were saved: by anybody, or by oneself in a domain."""
    kind = {"content_type__app_label": "accounts", "content_type__model": "policy"}
    rows = LogEntry.objects.filter(**kind).order_by()
    return (
        rows if roles.is_operator(request.user) else rows.filter(user=request.user.pk)
    )


def _phones(request: HttpRequest) -> QuerySet[Phone]:
    accounts = roles.visible(request.user, Account).order_by()
    return Phone.objects.filter(account__in=accounts).order_by()


def _tries(request: HttpRequest) -> QuerySet[SecurityEvent]:
    rows = roles.visible(request.user, SecurityEvent).order_by()
    return rows.filter(kind=Kind.LOGON_TRIED)


def _logons(request: HttpRequest) -> QuerySet[Logon]:
    return roles.visible(request.user, Logon).filter(reason="").order_by()


ASKED: dict[str, Callable[[HttpRequest], QuerySet[Any]]] = {
    "domain": _domains,
    "policy": _policies_looked_at,
    "mailbox": _phones,
    "tried": _tries,
    "connected": _logons,
}
