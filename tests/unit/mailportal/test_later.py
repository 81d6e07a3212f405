"""Whatever acts for somebody later asks what they may do then.

Everything that acts later, with everything that takes rights away: it opens nothing, or
the table says why it may go on.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import DateTimeField, QuerySet
from django.test import RequestFactory
from django_otp_webauthn.helpers import WebAuthnHelper
from time_machine import Traveller

from accounts.codes import Purpose
from accounts.models import Account, RecoveryCodes, SessionOver
from accounts.signin import passkeys, second_factor
from administration.bulk import actions
from clientpasswords import lifecycle, replacing
from clientpasswords.scopes import Scope
from tests.factories import make_client_password
from tests.unit.mailportal.later import LATER, make_people
from tests.unit.mailportal.losses import LOSSES
from tests.unit.support import HOME

pytestmark = [pytest.mark.usefixtures("one_node"), pytest.mark.both_databases]

OF_ADMINISTRATION = {"no administrator", "no group", "no domain"}
OF_POLICY = {"third-party logon off", "no more passwords allowed", "switched off"}
ONE_DELETED = {
    "one security password deleted",
    "one security password deleted by API",
    "one deleted by its owner",
    "one lost",
}
ALL_DELETED = {
    "all security passwords deleted",
    "all deleted by their owner",
    "all deleted by API",
}
DELETED = ALL_DELETED | ONE_DELETED
RESET = {
    "phone reset",
    "phone changed by API",
    "phone removed by API",
    "phone changed on the page",
    "phone imported",
    "phone deleted on the page",
}
APP = {"app deleted", "two-step turned off"}
RECOVERY = {"recovery codes deleted"}
BACK = {
    "disabled and back",
    "disabled by API and back",
    "disabled by import and back",
    "disabled on the page and back",
    "cut off and back",
}
OF_MAIL = OF_POLICY | DELETED | RESET
SIGNED_OUT = {"signed out everywhere", "signed out by staff"}
OF_SIGN_IN = SIGNED_OUT | {
    "password changed",
    "password set by staff",
    "password imported",
}
TOKENS = {"token reads", "token writes", "token revokes"}
JOBS = {"job", "rest of a job"}
PAGES = {"session of an administrator", "page of an administrator"}
SESSIONS = {"session", "half a sign-in"}
CODES = {"code that was sent", "code to keep a password", "code to switch off"}
OWN = CODES | {
    "set-up link",
    "link to replace",
    "phone change",
    "security password",
    "passkey half made",
    "recovery code",
}
# What locks the mailbox, and may have to wait for that.
WAITING = CODES | {"set-up link", "link to replace", "phone change"}

Pair = tuple[str, str]


def each(later: set[str], losses: set[str], why: str) -> dict[Pair, str]:
    return {(one, loss): why for one in later for loss in losses}


# What goes on, and why it may.
GOES_ON: dict[Pair, str] = {
    **each(
        TOKENS | JOBS | PAGES,
        OF_MAIL,
        "these say how one's own mail programs log on, and not what one administers",
    ),
    **each(
        TOKENS,
        OF_SIGN_IN,
        "a token is a credential of its own: it is revoked by itself",
    ),
    **each(
        JOBS,
        OF_SIGN_IN,
        "it was confirmed in a full session, and the person still may do it; its page "
        "stops it",
    ),
    **each(
        JOBS,
        {"off-boarded and back"} | BACK,
        "the worker stops it within a second; who has their rights back by then may",
    ),
    **each(
        TOKENS,
        BACK,
        "a token opens nothing while its owner is disabled, and is revoked by itself",
    ),
    **each(
        TOKENS | JOBS,
        APP,
        "no page of the administration opens without one; these do not begin there",
    ),
    **each(
        CODES | {"session", "phone change", "security password", "passkey half made"},
        APP,
        "an owner need not have one, and does all of this without",
    ),
    **each(
        {"security password"},
        ONE_DELETED,
        "it is another one that was deleted",
    ),
    **each(
        {"security password"},
        BACK,
        "it is off while the mailbox is, and is deleted by itself, or by off-boarding",
    ),
    **each(
        SESSIONS | OWN,
        OF_ADMINISTRATION,
        "an owner needs none of these for their own mailbox",
    ),
    **each(
        SESSIONS,
        OF_MAIL,
        "the portal is where an owner sees and changes that; each act asks by itself",
    ),
    **each(
        {"phone change"},
        OF_POLICY | DELETED,
        "the number for codes belongs to the mailbox, whatever mail programs may do",
    ),
    **each(
        TOKENS | JOBS | PAGES | SESSIONS | (OWN - {"recovery code"}),
        RECOVERY,
        "they stand in for a lost second step; nothing else is made with them",
    ),
    **each(
        {"code to keep a password"},
        OF_POLICY | ONE_DELETED,
        "another one is kept; whether it opens anything the logon views say",
    ),
    **each(
        {"code to switch off"},
        {"third-party logon off", "no more passwords allowed"},
        "whether the web password opens anything then the logon views say",
    ),
    **each(
        {"passkey half made", "recovery code"},
        OF_MAIL,
        "they are for the portal, where an owner sees and changes that",
    ),
    **each(
        {"recovery code"},
        APP,
        "the web password alone signs in, as no second step is left",
    ),
    **each(
        {"recovery code"},
        SIGNED_OUT | BACK | {"off-boarded and back"},
        "it is no session, and needs the web password; new ones end it",
    ),
    **each(
        {"code that was sent", "code to switch off"},
        DELETED,
        "it is asked for to make a new one, by whoever is signed in and has the phone",
    ),
    **each(
        {"security password"},
        RESET,
        "a number proves who makes one; what was made is deleted by itself",
    ),
    **each(
        {"link to replace"},
        {"no more passwords allowed"},
        "of two for one device one counts, so it needs no room",
    ),
    **each(
        {"security password"},
        {"no more passwords allowed"},
        "a smaller limit stops further ones; those that are there are for their owner "
        "to delete",
    ),
    **each(
        {"security password"},
        OF_SIGN_IN,
        "it is independent of the web password; a device is cut off by deleting it",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("later", LATER)
def test_it_goes_on_where_nothing_was_taken(later: str, clock: Traveller) -> None:
    assert LATER[later](make_people())()


@pytest.mark.django_db
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("later", LATER)
def test_it_opens_nothing_once_the_right_is_gone(
    later: str, loss: str, clock: Traveller
) -> None:
    people = make_people()
    go_on = LATER[later](people)

    LOSSES[loss](people)

    assert go_on() is ((later, loss) in GOES_ON), GOES_ON.get((later, loss))


@pytest.mark.django_db
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("later", sorted(WAITING))
def test_it_opens_nothing_if_the_right_goes_while_it_waits_for_the_mailbox(
    later: str, loss: str, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_people()
    go_on = LATER[later](people)
    losses = [LOSSES[loss]]
    lock = QuerySet.select_for_update

    def wait(rows: QuerySet[Any], **options: Any) -> QuerySet[Any]:
        if rows.model is Account and losses:
            losses.pop()(people)
        return lock(rows, **options)

    monkeypatch.setattr(QuerySet, "select_for_update", wait)

    assert go_on() is ((later, loss) in GOES_ON), GOES_ON.get((later, loss))
    assert not losses, "it did not wait"


@pytest.mark.django_db
@pytest.mark.parametrize("loss", ["disabled", "deleted", *sorted(OF_SIGN_IN | BACK)])
def test_no_second_factor_is_made_or_taken_for_a_session_that_is_over(
    loss: str, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_people()
    asks = Account.objects.get(pk=people.person.pk)
    request = rf.post("/")
    request.user, request.session = asks, SessionStore()
    made: list[object] = []
    monkeypatch.setattr(WebAuthnHelper, "register_complete", lambda *a: made.append(a))
    LOSSES[loss](people)

    for act in (
        lambda: second_factor.make_recovery_codes(asks, by=HOME),
        lambda: second_factor.turn_off(asks, by=HOME),
        lambda: passkeys.PortalHelper(request).register_complete(asks, {}, {}),
    ):
        with pytest.raises(SessionOver):
            act()
    assert not made
    assert not RecoveryCodes.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("loss", ["disabled", "deleted", *sorted(OF_SIGN_IN | BACK)])
def test_no_limit_is_widened_and_none_kept_for_a_session_that_is_over(
    loss: str,
) -> None:
    people = make_people()
    asks = Account.objects.get(pk=people.person.pk)
    old, _secret = make_client_password(asks)
    make_client_password(asks, "New", replaces=old)
    row, new = asks.client_passwords.order_by("pk")
    LOSSES[loss](people)

    for act in (
        lambda: lifecycle.limit_scope(row, Scope(frozenset({"imap"})), by=HOME),
        lambda: replacing.keep_both(new, by=HOME),
    ):
        with pytest.raises(SessionOver):
            act()


def test_what_goes_on_is_in_the_table_by_its_right_name() -> None:
    assert {later for later, _loss in GOES_ON} <= set(LATER)
    assert {loss for _later, loss in GOES_ON} <= set(LOSSES)
    assert set(LATER) == TOKENS | JOBS | PAGES | SESSIONS | OWN


# --- whatever acts later is in the table ----------------------------------------------


# Walked by what hangs on a mailbox, and by the moments that are still to come.
ROOT = Path(__file__).parents[3]
OURS = {"accounts", "administration", "api", "clientpasswords", "provisioning"}
ENDS = "it ends a right; what holds from then on the logon views or the query say then"
TELLS = "it takes or tells, and opens nothing"
# What hangs on a mailbox: in `LATER` under these names, or why it does not act.
HANGS_ON_A_MAILBOX: dict[str, set[str] | str] = {
    "provisioning.ApiToken": {"token reads", "token writes", "token revokes"},
    "administration.Job": {"job", "rest of a job"},
    "clientpasswords.ClientPassword": {"security password"},
    "clientpasswords.SetUpLink": {"set-up link", "link to replace"},
    "accounts.Phone": {"code that was sent"},
    "accounts.NewPhone": {"phone change"},
    "otp_totp.TOTPDevice": {"half a sign-in"},
    "accounts.RecoveryCodes": "a second factor: the sign-in asks for it",
    "otp_static.StaticDevice": "the same",
    "django_otp_webauthn.WebAuthnCredential": "the same",
    "django_otp_webauthn.WebAuthnUserHandle": "a name, and no factor",
    "accounts.SentCode": TELLS,
    "accounts.FamiliarNetwork": "the web password still has to be right there",
    "accounts.Cutoff": TELLS,
    "accounts.Notification": TELLS,
    "accounts.SecurityEvent": TELLS,
    "accounts.FormerAddress": "it keeps an address from others, and opens nothing",
    "clientpasswords.Logon": TELLS,
    "clientpasswords.LogonDay": TELLS,
    "admin.LogEntry": TELLS,
}
# Moments to come, and what happens then.
TO_COME = {
    "provisioning.ApiToken.expires_at": ENDS,
    "clientpasswords.ClientPassword.expires_at": ENDS,
    "clientpasswords.ClientPassword.suspends_at": ENDS,
    "clientpasswords.SetUpLink.expires_at": ENDS,
    "accounts.Policy.required_from": ENDS,
    "accounts.Account.policy_until": ENDS,
    "accounts.Phone.valid_until": ENDS,
    "accounts.NewPhone.valid_until": ENDS,
    "accounts.Phone.former_valid_until": ENDS,
    "accounts.NewPhone.former_valid_until": ENDS,
    "accounts.Cutoff.due_at": TELLS,
    "accounts.Notification.due_at": TELLS,
    "accounts.Phone.held_until": (
        "codes go to the number from then on, if its owner is signed in and asks for "
        "one; the number before was told, and a reset takes it away"
    ),
}
# How columns are called that say what was.
PAST = (
    "created_at",
    "made_at",
    "began_at",
    "first_at",
    "last_at",
    "told_at",
    "at",
    "last_used_at",
    "used_at",
    "revoked_at",
    "revived_at",
    "ended_at",
    "counted_at",
    "confirmed_at",
    "proposed_at",
    "last_login",
    "read_to",
    "uses_known_to",
    "last_generated_timestamp",
    "throttling_failure_timestamp",
    "told_of_end",
    "window",
    "left_at",
    "sent_at",
    "seen_at",
    "failed_at",
)


def test_everything_that_hangs_on_a_mailbox_acts_in_the_table_or_not_at_all() -> None:
    hangs = {
        relation.related_model._meta.label
        for relation in Account._meta.related_objects
        if not relation.many_to_many
    }

    assert hangs == set(HANGS_ON_A_MAILBOX), (
        f"{hangs ^ set(HANGS_ON_A_MAILBOX)}: say whether it acts later; if it does, it "
        "goes into `LATER` in tests/unit/mailportal/later.py."
    )
    acting = [each for each in HANGS_ON_A_MAILBOX.values() if isinstance(each, set)]
    assert set().union(*acting) <= set(LATER)


def test_of_every_moment_to_come_it_is_said_what_it_opens() -> None:
    models: list[Any] = [
        each for each in apps.get_models() if each._meta.app_label in OURS
    ]
    moments = {
        f"{each._meta.label}.{field.name}"
        for each in models
        for field in each._meta.local_fields
        if each._meta.managed and isinstance(field, DateTimeField)
    }

    to_come = {each for each in moments if each.rpartition(".")[2] not in PAST}
    assert to_come == set(TO_COME), (
        f"{to_come ^ set(TO_COME)}: a moment that was goes into PAST; of one to come "
        "say what happens then, and who is asked."
    )


# --- whatever makes a key, or takes one away, is in the table -------------------------


KEYS = {
    "ApiToken",
    "ClientPassword",
    "NewPhone",
    "Phone",
    "RecoveryCodes",
    "SetUpLink",
    "TOTPDevice",
    "WebAuthnCredential",
    "api_tokens",
    "client_passwords",
    "set_up_links",
}
WRITES = {"create", "bulk_create", "get_or_create", "update_or_create", "delete"}
# What an `update` of one of these gives or takes.
RIGHTS = {
    "client_passwords_on",
    "is_active",
    "is_approved",
    "password",
    "replaces",
    "revoked_at",
    "sessions_ended",
    "suspends_at",
}
GONE = "it deletes what has opened nothing for long"
USED = "by its use, as the policy says: it was let in, or nobody was to be refused"
POLICY = "another policy; the logon views and each act ask for it at that moment"
# Every function that writes a key: what it makes is in `LATER`, what it takes is in
# `LOSSES`, under these names; or why it is in neither.
WRITERS: dict[str, set[str] | str] = {
    "accounts.models.account:create_user": "a new mailbox, in which nothing waits",
    "administration.mailboxes.adding:save": "the same",
    "administration.mailboxes.page:save": {"password set by staff"},
    "accounts.phones:propose_number": {"phone change"},
    "accounts.phones:confirm_code": {"phone change"},
    "accounts.phones:_put_on_file": {"phone change"},
    "accounts.signin.second_factor:make_recovery_codes": {"recovery code"},
    "accounts.signin.second_factor:remove_passkey": {"two-step turned off"},
    "accounts.signin.second_factor:turn_off": {"two-step turned off"},
    "accounts.signin.second_factor:remove_codes_without_factor": (
        "it ends what opens nothing without the factor that was taken before"
    ),
    "accounts.signin.throttle:change_password": {"password changed"},
    "accounts.signin.throttle:end_other_sessions": {"signed out everywhere"},
    "clientpasswords.lifecycle:switch_on": "the web password loses a right by it",
    "clientpasswords.lifecycle:switch_off": {"switched off", "code to switch off"},
    "clientpasswords.lifecycle:revoke_only": DELETED,
    "clientpasswords.lifecycle:forget": GONE,
    "clientpasswords.lifecycle:_create_row": {
        "set-up link",
        "link to replace",
        "code that was sent",
    },
    "clientpasswords.lifetimes.reactivation:reactivate": {"code to keep a password"},
    "clientpasswords.lifecycle:end_replacements": (
        "it leaves what is there; whether there is room for both is asked before"
    ),
    "clientpasswords.setup.links:offer": {"set-up link", "link to replace"},
    "clientpasswords.setup.links:withdraw": ALL_DELETED | {"phone reset"},
    "clientpasswords.lifetimes.inactivity:review": USED,
    "clientpasswords.lifetimes.inactivity:_record_sessions": USED,
    "clientpasswords.lifetimes.inactivity:_withdraw_notices": USED,
    "clientpasswords.usage.history:_write_usage": USED,
    "mailportal.management.commands.seed_demo:_keep_or_make": "only ever a new mailbox",
    "provisioning.apply:_write_phones": {"phone imported", "phone changed by API"},
    "provisioning.operations:offboard": {"off-boarded"},
    "provisioning.operations:sign_out": {"signed out by staff"},
    "provisioning.operations:cut_off": {"cut off"},
    "provisioning.operations:revoke_tokens": {"off-boarded"},
    "provisioning.operations:reset_phone": {"phone reset"},
    "provisioning.tokens:revoke": "the token itself, which find() looks up each time",
}
# What the pages of the administration take: every bulk action, by its name.
ACTIONS: dict[str, set[str] | str] = {
    "revoke": {"one security password deleted"},
    "revoke_all": {"all security passwords deleted"},
    "sign_out": {"signed out by staff"},
    "cut_off": {"cut off"},
    "off_board": {"off-boarded"},
    "reset_phone": {"phone reset"},
    "unlock_codes": "a code that was sent is good again; its session asks as before",
    "set_policy": POLICY,
    "require_passwords": POLICY,
    "release_passwords": POLICY,
    "set_protocols": POLICY,
    "set_domain_policy": POLICY,
    "set_department_policy": POLICY,
}
# What a session remembers between two requests.
REMEMBERED: dict[str, set[str] | str] = {
    "SIGNED_IN_AT": {"session"},
    "SEEN_AT": {"session"},
    "HASH_SESSION_KEY": {"session"},
    "BEGUN_UNDER": {"half a sign-in"},
    "REQUESTED_PASSKEY": {"passkey half made"},
    "PROVED_AT": {"session of an administrator", "page of an administrator"},
    "NEW_KEY": "which row of the list is new",
}
PURPOSES = {
    Purpose.ISSUE: "code that was sent",
    Purpose.SWITCH_OFF: "code to switch off",
    Purpose.REACTIVATE: "code to keep a password",
    Purpose.REPLACE_NUMBER: "phone change",
    Purpose.CONFIRM_NUMBER: "phone change",
}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of ours, by its module and name."""
    for top in sorted(OURS | {"mailportal"}):
        for file in sorted((ROOT / top).rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            if ".migrations." in module:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef):
                    yield f"{module}:{node.name}", node


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`, of `c` and of `a.b.c(…)`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return str(getattr(node, "attr", getattr(node, "id", "")))


def writes_a_key(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    named = {last_name(each) for each in ast.walk(node.func) if is_name(each)}
    if node.func.attr == "update":
        return bool(RIGHTS & {each.arg for each in node.keywords})
    return node.func.attr == "set_password" or (
        node.func.attr in WRITES and bool(named & KEYS)
    )


def is_name(node: ast.AST) -> TypeGuard[ast.expr]:
    return isinstance(node, ast.Name | ast.Attribute)


DEFAULTS = {"request.session.setdefault", "session.setdefault"}


def remembered(node: ast.AST) -> str:
    """The key under which this puts something into a session; empty if it does not."""
    if isinstance(node, ast.Assign):
        (target, *_) = node.targets
        if isinstance(target, ast.Subscript):
            store = ast.unparse(target.value)
            if store.endswith("session") or store == "self.storage.data":
                return last_name(target.slice)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in DEFAULTS:
        return last_name(node.args[0])
    return ""


def test_every_function_that_writes_a_key_is_in_the_table() -> None:
    found = {
        name
        for name, function in functions()
        if any(map(writes_a_key, ast.walk(function)))
    }

    assert found == set(WRITERS), (
        f"{found ^ set(WRITERS)}: does it make a key, or take one away? Then it goes "
        "into LATER or LOSSES, and under that name into WRITERS."
    )


def test_everything_that_a_session_remembers_is_in_the_table() -> None:
    found = {
        key
        for _name, function in functions()
        for node in ast.walk(function)
        if (key := remembered(node))
    }

    assert found == set(REMEMBERED), found ^ set(REMEMBERED)


def test_every_bulk_action_and_every_purpose_of_a_code_is_in_the_table() -> None:
    assert set(ACTIONS) == {action.name for action in actions.BULK_ACTIONS}
    assert set(PURPOSES) == set(Purpose)


def test_what_is_named_there_is_in_the_big_table() -> None:
    tables = [*WRITERS.values(), *ACTIONS.values(), *REMEMBERED.values()]
    named = set().union(*(each for each in tables if isinstance(each, set)))

    assert named | set(PURPOSES.values()) <= set(LATER) | set(LOSSES)
    assert set(LOSSES) >= DELETED | RESET | APP | RECOVERY | OF_SIGN_IN | BACK
