"""Migrations, the preparation of a database, and the demonstration's data."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from accounts.models import Account, MailSetting, Phone, Policy
from accounts.policy import effective
from clientpasswords.logon import decision
from clientpasswords.models import DailyLogons, Logon
from mailportal import demonstration
from tests.factories import make_account, make_client_password

VIEWS = {"mail_logon", "mail_web_logon", "mail_notice"}


def tables(*, views: bool = False) -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor, include_views=views))


def routines() -> set[str]:
    """The functions of PostgreSQL that are ours; SQLite has none."""
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db
def test_the_models_and_the_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_all_migrations_can_be_taken_back_and_made_again() -> None:
    made = tables(views=True) | routines()
    assert made >= VIEWS

    call_command("migrate", "clientpasswords", "zero", verbosity=0)
    assert not tables(views=True) & (VIEWS | {"clientpasswords_clientpassword"})
    call_command("migrate", "accounts", "zero", verbosity=0)
    left = tables() | routines()
    assert not {name for name in left if name.startswith("accounts_")}
    call_command("migrate", verbosity=0)

    assert tables(views=True) | routines() == made
    row, secret = make_client_password(make_account(client_passwords_on=True))
    verdict = decision.decide(row.account.address, "imap", secret, None)
    assert verdict.login_name == row.login_name


@pytest.mark.django_db
def test_preparing_brings_the_database_up_to_date_with_the_settings(
    settings: Settings,
) -> None:
    settings.WEBMAIL_NETWORKS = ["192.0.2.0/24", "2001:db8::/48"]
    call_command("prepare", verbosity=0)
    first = MailSetting.objects.get(name="webmail_networks").value
    settings.WEBMAIL_NETWORKS = []
    call_command("prepare", verbosity=0)

    second = MailSetting.objects.get(name="webmail_networks").value

    assert (first, second) == ("192.0.2.0/24,2001:db8::/48", "")


@pytest.mark.django_db
def test_preparing_again_changes_nothing() -> None:
    call_command("prepare", verbosity=0)
    before = list(MailSetting.objects.order_by("name").values())

    call_command("prepare", verbosity=0)

    assert list(MailSetting.objects.order_by("name").values()) == before
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


# --- the demonstration ----------------------------------------------------------------


@pytest.fixture
def _demo(db: None) -> None:
    call_command("seed_demo", stdout=StringIO())


@pytest.mark.usefixtures("_demo")
@pytest.mark.parametrize(
    ("address", "reasons"),
    [
        ("alice@example.com", ["web password"] * 3),
        ("bob@enforced.example", ["security-password-required"] * 3),
        ("carol@closed.example", ["third-party-logon-off"] * 3),
        ("dave@imaponly.example", ["web password", "protocol-off", "protocol-off"]),
        ("admin@example.com", ["web password"] * 3),
    ],
)
def test_each_of_the_cast_stands_for_a_policy(address: str, reasons: list[str]) -> None:
    said = [
        decision.decide(address, protocol, "mailportal-demo", None).reason
        for protocol in ("imap", "pop3", "smtp")
    ]

    assert said == reasons


@pytest.mark.usefixtures("_demo")
def test_all_but_the_administrator_have_a_phone() -> None:
    cast = Account.objects.exclude(domain__name=demonstration.DOMAIN)
    without = cast.filter(phone=None)

    assert [account.address for account in without] == ["admin@example.com"]
    assert without.get().is_superuser
    assert Account.objects.filter(is_staff=True).count() == 1


@pytest.mark.usefixtures("_demo")
def test_seeding_again_changes_nothing_that_was_changed_since() -> None:
    bob = Account.objects.get(address="bob@enforced.example")
    Policy.objects.filter(pk=effective.load_effective_policy(bob).policy.pk).update(
        max_client_passwords=3
    )
    bob.set_password("a password of his own")
    bob.save()
    Phone.objects.filter(account=bob).delete()
    before = Account.objects.count()

    call_command("seed_demo", stdout=StringIO())

    bob.refresh_from_db()
    assert Account.objects.count() == before
    assert Account.objects.exclude(domain__name=demonstration.DOMAIN).count() == 5
    assert bob.check_password("a password of his own")
    assert effective.load_effective_policy(bob).policy.max_client_passwords == 3
    assert not Phone.objects.filter(account=bob).exists()


def test_every_protocol_of_the_plots_has_logons_behind_it(db: None) -> None:
    demonstration.make_roll_out()

    kinds = Logon.objects.values_list("protocol", "reason").distinct()

    drawn = DailyLogons.objects.filter(let_in_by="").values_list("reason")
    assert {protocol for protocol, reason in kinds if not reason} == {
        "imap",
        "pop3",
        "smtp",
    }
    assert {reason for _protocol, reason in kinds} >= {each for (each,) in drawn}
