"""Fill a new database like that of a large host, for the pages of the administration.

100,000 mailboxes in 2,000 domains, 300,000 security passwords, a million events, half a
million lines of mail logons, and what was counted by day in more than a year. Rows are
made by the database from one of each kind, so that a column that is added later is
filled as well.

Run in a process of its own, with the database in its environment.
"""

from datetime import timedelta

from django.core.management import call_command
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    Phone,
    Policy,
    SecurityEvent,
)
from clientpasswords import passwords
from clientpasswords.models import ClientPassword, DailyLogons, Logon, Usage
from provisioning import statistics
from provisioning.models import DailyFigures, HostFigures

DOMAINS = 2_000
ACCOUNTS = 100_000
PASSWORDS = 3  # an account
EVENTS = 1_000_000
LOGONS = 500_000
CUTOFFS = 20_000
DAYS = 400
LOGON_DAYS = 35
ADMINISTRATOR = "operator@host.example"


def fill() -> None:
    """Create the tables and the rows."""
    call_command("migrate", verbosity=0)
    first = Account.objects.create_superuser(ADMINISTRATOR)
    TOTPDevice.objects.create(user=first, name="default")
    _domains()
    _mailboxes(first)
    _passwords(first)
    _history(first)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    statistics.count_now()


def _domains() -> None:
    standard = Policy.objects.get()
    required, closed = Policy.objects.bulk_create(
        [
            Policy(name="Required", client_passwords_required=True),
            Policy(name="Closed", pop3=False),
        ]
    )
    some = f"CASE n % 4 WHEN 0 THEN {required.pk} ELSE {standard.pk} END"
    domain = Domain.objects.get()
    multiply(domain, DOMAINS, name="'d' || n || '.example'", policy_id=some)
    department = Department.objects.create(domain=domain, name="Sales")
    other = f"CASE n % 5 WHEN 0 THEN {closed.pk} END"
    multiply(department, DOMAINS, domain_id=_nth("domain", "n"), policy_id=other)


def _mailboxes(first: Account) -> None:
    exception = Policy.objects.get(name="Closed").pk
    multiply(
        first,
        ACCOUNTS,
        address=f"'user' || n || '@d' || (n % {DOMAINS}) + 1 || '.example'",
        name="'Name ' || n",
        domain_id=_nth("domain", f"(n % {DOMAINS}) + 1"),
        department_id=f"CASE n % 2 WHEN 0 THEN"
        f" {_nth('department', f'(n % {DOMAINS}) + 1')} END",
        policy_id=f"CASE n % 100 WHEN 0 THEN {exception} END",
        policy_until="CASE n % 200 WHEN 0 THEN now() + interval '20 days' END",
        client_passwords_on="n % 5 < 2",
        is_superuser="false",
        is_staff="false",
    )
    phone = Phone.objects.create(account=first, number="+12025550123")
    # Four of five, all over the alphabet.
    multiply(phone, ACCOUNTS * 8 // 10, account_id=_nth("account", "n * 5 / 4"))


def _passwords(first: Account) -> None:
    one = ClientPassword.objects.create(
        account=first,
        slot=1,
        label="Phone",
        selector="0000",
        hash=passwords.hash_for_mail_server("0" * 16),
    )
    multiply(
        one,
        ACCOUNTS * PASSWORDS,
        account_id=_nth("account", f"(n % {ACCOUNTS}) + 1"),
        slot=f"n / {ACCOUNTS} + 1",
        selector=f"(n / {ACCOUNTS} + 1)::text",
        attempt="gen_random_uuid()",
        label="'Device ' || n % 50",
        created_at="now() - n % 700 * interval '1 day' - n * interval '1 second'",
        revoked_at="CASE n % 10 WHEN 0 THEN now() - interval '3 days' END",
    )
    now = timezone.now()
    use = Usage.objects.create(
        client_password=one,
        first_at=now - timedelta(days=200),
        last_at=now,
        protocol="imap",
        network_address="192.0.2.7",
        node="one",
    )
    multiply(
        use,
        ACCOUNTS * PASSWORDS * 9 // 10,
        client_password_id=f"{one.pk} + n",
        last_at="now() - n % 120 * interval '1 day'",
    )


def _history(first: Account) -> None:
    _events(first)
    _logons(first)
    _cutoffs(first)
    _days(first)


def _events(first: Account) -> None:
    event = SecurityEvent.objects.create(
        kind="signed-in", account=first, address=first.address, actor=first.address
    )
    kinds = "(ARRAY['signed-in', 'issued', 'revoked', 'code-sent'])[n % 4 + 1]"
    address = f"'user' || n % {ACCOUNTS} || '@d' || (n % {DOMAINS}) + 1 || '.example'"
    multiply(
        event,
        EVENTS,
        kind=kinds,
        account_id=_nth("account", f"(n % {ACCOUNTS}) + 1"),
        address=address,
        actor=address,
        domain=f"'d' || (n % {DOMAINS}) + 1 || '.example'",
        at="now() - n * interval '30 seconds'",
    )


def _logons(first: Account) -> None:
    now = timezone.now()
    used = QuerySet(ClientPassword).order_by("pk").values_list("pk", flat=True)[0]
    logon = Logon.objects.create(
        account=first,
        protocol="imap",
        network_address="192.0.2.7",
        node="one",
        first_at=now,
        last_at=now,
        count=3,
    )
    multiply(
        logon,
        LOGONS,
        account_id=_nth("account", f"(n % {ACCOUNTS}) + 1"),
        reason="(ARRAY['', '', '', 'wrong-password'])[n % 4 + 1]",
        by_web_password="n % 4 = 0",  # noqa: S106
        client_password_id="CASE WHEN n % 4 IN (1, 2)"
        f" THEN {used} + n % {ACCOUNTS * PASSWORDS} END",
        protocol="(ARRAY['imap', 'imap', 'smtp', 'imap', 'pop3'])[n % 5 + 1]",
        last_at="now() - n * interval '6 seconds'",
    )


def _cutoffs(first: Account) -> None:
    cutoff = Cutoff.objects.create(
        account=first, login_mask="one", node="http://one.example/", kicks=3
    )
    multiply(
        cutoff,
        CUTOFFS,
        login_mask="'user' || n",
        created_at="now() - n * interval '2 minutes'",
        kicks="CASE WHEN n <= 30 THEN 0 ELSE 3 END",
        due_at="CASE WHEN n <= 30 THEN now() + interval '1 minute' END",
    )


def _days(first: Account) -> None:
    """Fill what plots are drawn from; the counting job adds up the rest."""
    today = timezone.localdate()
    figures = dict.fromkeys(statistics.DAILY_NAMES, 20)
    of_domain = {
        "domain_id": _nth("domain", f"((n - 1) % {DOMAINS}) + 1"),
        "day": f"current_date - (((n - 1) / {DOMAINS}) % {DAYS})::int - 1",
    }
    one = DailyFigures.objects.create(domain=first.domain, day=today, **figures)
    multiply(one, DOMAINS * DAYS, **of_domain)
    host = HostFigures.objects.create(day=today, **figures)
    multiply(host, DAYS, day="current_date - n::int")
    logons = DailyLogons.objects.create(
        domain=first.domain, day=today, protocol="imap", count=17
    )
    kind = f"(n - 1) / {DOMAINS * LOGON_DAYS} + 1"
    of_domain["day"] = f"current_date - (((n - 1) / {DOMAINS}) % {LOGON_DAYS})::int"
    results = {
        "protocol": ["imap", "smtp", "imap", "imap", "smtp", "pop3"],
        "reason": ["", "", "", "wrong-password", "wrong-password", "revoked"],
        "let_in_by": ["security-password", "web-password", "web-password", "", "", ""],
    }
    texts = {name: f"(ARRAY{values})[{kind}]" for name, values in results.items()}
    multiply(logons, 6 * DOMAINS * LOGON_DAYS, **of_domain, **texts)


def multiply(row: Model, times: int, **own: str) -> None:
    """Copy the row that many times; `own` are SQL expressions of `n`, from 1 on."""
    columns = QuerySet(type(row)).filter(pk=row.pk).values().get()
    del columns["id"]
    values = [own.get(name, f"template.{name}") for name in columns]
    app = type(row).__module__.partition(".")[0]
    table = f"{app}_{type(row).__name__.lower()}"
    statement = (
        f"INSERT INTO {table} (",
        ", ".join(columns),
        ")",
        "SELECT",
        ", ".join(values),
        f"FROM {table} AS template",
        f"CROSS JOIN generate_series(1, {times}) AS n WHERE template.id = {row.pk}",
    )
    with connection.cursor() as cursor:
        cursor.execute(" ".join(statement))


def _nth(model: str, number: str) -> str:
    """Return the SQL of the nth primary key; keys count on from the first row's."""
    first = ("(SELECT min(id) FROM", f"accounts_{model})")
    return " ".join([*first, "+", number])


if __name__ == "__main__":
    fill()
