"""Whatever could act later is in the table of `test_later`, or opens nothing by itself.

Walked by what hangs on a mailbox, and by the moments that are still to come.
"""

from typing import Any

from django.apps import apps
from django.db.models import DateTimeField

from accounts.models import Account
from tests.unit.mailportal.later import LATER

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
    *("created_at", "made_at", "began_at", "first_at", "last_at", "told_at", "at"),
    *("last_used_at", "used_at", "revoked_at", "revived_at", "ended_at", "counted_at"),
    *("confirmed_at", "proposed_at", "last_login", "read_to", "uses_known_to"),
    *("last_generated_timestamp", "throttling_failure_timestamp"),
    *("told_of_end", "window", "left_at"),
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
