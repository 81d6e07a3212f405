"""Every policy, every protocol, every kind of password, by real mail programs.

What is expected is written down here anew, from the words of the policy; it shares no
code with the views that decide.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import pytest
from django.utils import timezone
from pytest_django import Settings

from bench.authsocket import Verdict
from clientpasswords import passwords
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import client_address, log_on, webmail_address

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]


@dataclass(frozen=True)
class Case:
    """What the policy says, and how the account stands."""

    third_party_logon: bool
    imap: bool
    pop3: bool
    smtp: bool
    required: bool
    switched_on: bool
    active: bool

    @property
    def name(self) -> str:
        """Its answers as noughts and ones."""
        return "".join(str(int(answer)) for answer in vars(self).values())

    def lets_in(self, protocol: str, kind: str) -> bool:
        if not self.active or kind in ("wrong", "revoked"):
            return False
        if kind == "web password from the webmail":
            return True
        allowed = {"imap": self.imap, "pop3": self.pop3, "smtp": self.smtp}[protocol]
        if not allowed or not self.third_party_logon:
            return False
        in_force = self.required or self.switched_on
        return in_force if kind == "client password" else not in_force


TABLE = [Case(*answers) for answers in product([True, False], repeat=7)]


def make_passwords(case: Case) -> dict[str, str]:
    """The account of a case, and what its owner and others may type."""
    account = factories.make_account(
        f"{case.name}@example.com",
        policy=factories.make_policy(
            case.name,
            third_party_logon=case.third_party_logon,
            imap=case.imap,
            pop3=case.pop3,
            smtp=case.smtp,
            client_passwords_required=case.required,
        ),
        client_passwords_on=case.switched_on,
        is_active=case.active,
    )
    revoked = timezone.now()
    return {
        "client password": factories.make_client_password(account)[1],
        "revoked": factories.make_client_password(account, revoked_at=revoked)[1],
        "wrong": passwords.generate(),
        "web password from a client": factories.PASSWORD,
        "web password from the webmail": factories.PASSWORD,
    }


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_every_combination_is_let_in_or_refused_as_the_policy_says(
    protocol: str, host: MailHost, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["tests.unit.support.CheapHasher"]
    logons = [
        (case, kind, typed)
        for case in TABLE
        for kind, typed in make_passwords(case).items()
    ]

    def verdict(logon: tuple[Case, str, str]) -> Verdict:
        case, kind, typed = logon
        source = webmail_address() if "webmail" in kind else client_address()
        return log_on(protocol, host, f"{case.name}@example.com", typed, source)

    with ThreadPoolExecutor(32) as pool:
        verdicts = list(pool.map(verdict, logons))

    differing = [
        (case, kind, verdict)
        for (case, kind, _), verdict in zip(logons, verdicts, strict=True)
        if verdict
        is not (Verdict.OK if case.lets_in(protocol, kind) else Verdict.REFUSED)
    ]
    assert differing == []
    assert len(verdicts) == 2**7 * 5
