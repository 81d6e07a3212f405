"""A made-up roll-out for the plots of `make run`. Never on a real host.

One domain, whose mailboxes nobody can sign in to, was told ten days ago that security
passwords will be required, and has three weeks left. Everything in it is invented; the
domain's, the policy's and the owners' names say so.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from accounts import events
from accounts.events import PORTAL, Event, Kind
from accounts.models import Account, Domain, FormerAddress, Policy
from clientpasswords.models import DailyLogons, Logon
from clientpasswords.refusals import EXPIRED, REQUIRED, REVOKED, WRONG_PASSWORD
from provisioning.models import DailyCodes, DailyFigures, HostCodes, HostFigures

NAME = "Demonstration of a roll-out"
DOMAIN = "rollout.example"
NODE = "demonstration"
MAILBOXES = 40
# Those that have turned security passwords on, and that still use the web password.
TURNED_ON, STILL_USING = 17, 20
DAY = timedelta(days=1)
ANNOUNCED, LEFT = 10, 20  # days
YEAR, MONTH = 365, 30
LetInBy = DailyLogons.LetInBy


def make_roll_out() -> None:
    """Make the domain and its history, unless it exists or existed once."""
    if Domain.objects.filter(name=DOMAIN).exists():
        return
    if FormerAddress.objects.filter(domain=DOMAIN).exists():
        return
    now, random = timezone.now(), Random(14)  # noqa: S311 - the same for everybody
    soon = datetime.combine(now.date() + LEFT * DAY, time(), UTC)
    policy = Policy.objects.create(
        name=NAME, client_passwords_required=True, required_from=soon
    )
    domain = Domain.objects.create(name=DOMAIN, policy=policy)
    policy.domain = domain
    policy.save()
    accounts = [
        Account.objects.create_user(
            f"owner{number}@{DOMAIN}",
            None,
            name=f"Demonstration {number}",
            client_passwords_on=number <= TURNED_ON,
        )
        for number in range(1, MAILBOXES + 1)
    ]
    # Recorded as done, so nobody is sent a mail.
    detail = {"required_from": str(soon)}
    events.record_all(
        Event(Kind.REQUIRED_SOON, each, PORTAL, detail=detail, is_silent=True)
        for each in accounts
    )
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    figures = [*_invent_figures(today)]
    DailyFigures.objects.bulk_create(DailyFigures(domain=domain, **f) for f in figures)
    HostFigures.objects.bulk_create(HostFigures(**each) for each in figures)
    codes = [*_invent_codes(today, random)]
    DailyCodes.objects.bulk_create(DailyCodes(domain=domain, **each) for each in codes)
    HostCodes.objects.bulk_create(HostCodes(**each) for each in codes)
    DailyLogons.objects.bulk_create(_invent_logons(domain, today, random))
    Logon.objects.bulk_create(_invent_history(accounts, now))


def _invent_figures(today: date) -> Iterator[dict[str, Any]]:
    """Yield a year: slow at first, and faster since the date was set."""
    for ago in range(YEAR, 0, -1):
        active = MAILBOXES - ago // 30
        before = active * (YEAR - ago) // (3 * YEAR)
        off = max(before, TURNED_ON - ago) if ago <= ANNOUNCED else min(before, 7)
        yield {
            "day": today - ago * DAY,
            "active": active,
            "off_the_web_password": off,
            "by_web_password": active - off - 3,
            "required_soon": active if ago <= ANNOUNCED else 0,
        }


def _invent_logons(
    domain: Domain, today: date, random: Random
) -> Iterator[DailyLogons]:
    """Yield a month: ever more by security passwords, and less at week-ends."""
    for ago in range(MONTH):
        day = today - ago * DAY
        size = 0.4 if day.weekday() in {5, 6} else 1
        by_security_password = 600 - 13 * ago
        counts = {
            ("imap", "", LetInBy.SECURITY_PASSWORD): by_security_password,
            ("smtp", "", LetInBy.SECURITY_PASSWORD): by_security_password // 4,
            ("imap", "", LetInBy.WEB_PASSWORD): 900 - by_security_password,
            ("pop3", "", LetInBy.WEB_PASSWORD): 40,
            ("imap", "", LetInBy.WEBMAIL): 120,
            ("imap", WRONG_PASSWORD.key, ""): 45,
            ("smtp", WRONG_PASSWORD.key, ""): 12,
            ("imap", REVOKED.key, ""): 9,
            ("imap", EXPIRED.key, ""): 4,
            ("pop3", REQUIRED.key, ""): 15,
        }
        for (protocol, reason, let_in_by), usual in counts.items():
            yield DailyLogons(
                domain=domain,
                day=day,
                protocol=protocol,
                reason=reason,
                let_in_by=let_in_by,
                count=round(usual * size * random.uniform(0.8, 1.2)),
            )


def _invent_codes(today: date, random: Random) -> Iterator[dict[str, Any]]:
    for ago in range(1, MONTH):
        count = random.randint(2, 6) * (3 if ago <= ANNOUNCED else 1)
        yield {"day": today - ago * DAY, "count": count}


def _invent_history(accounts: list[Account], now: datetime) -> Iterator[Logon]:
    """Yield what the lists behind the plots show."""
    reasons = ["", WRONG_PASSWORD.key, REVOKED.key, EXPIRED.key, REQUIRED.key]
    for number, account in enumerate(accounts[TURNED_ON : TURNED_ON + STILL_USING]):
        for reason in {"", reasons[number % len(reasons)]}:
            at = now - timedelta(hours=5 * number)
            yield Logon(
                account=account,
                protocol=("imap", "pop3", "smtp")[number % 3],
                reason=reason,
                by_web_password=not reason,
                network_address="192.0.2.7",
                node=NODE,
                first_at=at,
                last_at=at,
                count=1 + number,
            )
