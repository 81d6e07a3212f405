"""Whatever acts for somebody later asks what they may do then.

Everything that acts later, with everything that takes rights away: it opens nothing, or
the table says why it may go on.
"""

from typing import Any

import pytest
from django.apps import apps
from django.db.models import DateTimeField
from time_machine import Traveller

from accounts.models import Account
from tests.unit.mailportal.later import LATER, make_people
from tests.unit.mailportal.losses import LOSSES

pytestmark = [pytest.mark.usefixtures("one_node"), pytest.mark.both_databases]

OF_ADMINISTRATION = {"no administrator", "no group", "no domain"}
OF_POLICY = {"third-party logon off", "no more passwords allowed", "switched off"}
ONE_DELETED = {
    "one security password deleted",
    "one security password deleted by API",
}
DELETED = {"all security passwords deleted"} | ONE_DELETED
RESET = {
    "phone reset",
    "phone changed by API",
    "phone removed by API",
    "phone changed on the page",
    "phone imported",
}
APP = {"app deleted"}
BACK = {
    "disabled and back",
    "disabled by API and back",
    "disabled by import and back",
    "disabled on the page and back",
}
OF_MAIL = OF_POLICY | DELETED | RESET
OF_SIGN_IN = {"password changed", "signed out everywhere"}
TOKENS = {"token reads", "token writes", "token revokes"}
JOBS = {"job", "rest of a job"}
PAGES = {"session of an administrator", "page of an administrator"}
SESSIONS = {"session", "half a sign-in"}
OWN = {"set-up link", "code that was sent", "phone change", "security password"}

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
        {"session", "code that was sent", "phone change", "security password"},
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
        {"code that was sent"},
        DELETED,
        "it is asked for to make a new one, by whoever is signed in and has the phone",
    ),
    **each(
        {"security password"},
        RESET,
        "a number proves who makes one; what was made is deleted by itself",
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


def test_what_goes_on_is_in_the_table_by_its_right_name() -> None:
    assert {later for later, _loss in GOES_ON} <= set(LATER)
    assert {loss for _later, loss in GOES_ON} <= set(LOSSES)
    assert set(LATER) == TOKENS | JOBS | PAGES | SESSIONS | OWN


# --- whatever acts later is in the table ----------------------------------------------


# Walked by what hangs on a mailbox, and by the moments that are still to come.
OURS = {"accounts", "administration", "api", "clientpasswords", "provisioning"}
ENDS = "it ends a right; what holds from then on the logon views or the query say then"
TELLS = "it takes or tells, and opens nothing"
# What hangs on a mailbox: in `LATER` under these names, or why it does not act.
HANGS_ON_A_MAILBOX: dict[str, set[str] | str] = {
    "provisioning.ApiToken": {"token reads", "token writes", "token revokes"},
    "administration.Job": {"job", "rest of a job"},
    "clientpasswords.ClientPassword": {"security password"},
    "clientpasswords.SetUpLink": {"set-up link"},
    "accounts.Phone": {"code that was sent"},
    "accounts.NewPhone": {"phone change"},
    "otp_totp.TOTPDevice": {"half a sign-in"},
    "accounts.RecoveryCodes": "a second factor: the sign-in asks for it",
    "otp_static.StaticDevice": "the same",
    "django_otp_webauthn.WebAuthnCredential": "the same",
    "django_otp_webauthn.WebAuthnUserHandle": "a name, and no factor",
    "accounts.Cutoff": TELLS,
    "accounts.Notification": TELLS,
    "accounts.SecurityEvent": TELLS,
    "accounts.FormerAddress": "it keeps an address from others, and opens nothing",
    "clientpasswords.Logon": TELLS,
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
