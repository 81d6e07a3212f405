"""What depends on the kind of the database is tested on both kinds."""

from pathlib import Path

import pytest

from tests.databases import (
    ASKS_ITSELF,
    BY_HAND,
    UNMARKED,
    imported,
    name_of,
    runs_on_both,
    written_by_hand,
)

UNIT = Path(__file__).resolve().parent
# Modules that no test imports, as they are behind pages: whose tests are about them.
BEHIND_PAGES = {
    "accounts.models.account": "accounts/test_accounts.py",
    "administration.former_addresses": "administration/test_former_address_pages.py",
    "administration.mailboxes.addresses": "administration/mailboxes/test_renaming.py",
    "administration.overview": "administration/test_overview.py",
    "administration.trends.reading": "administration/test_overview.py",
    "api.callers": "api/test_rights_taken_at_once.py",
    "api.domains": "api/test_every_operation.py",
    "api.mailboxes": "api/test_mailboxes.py",
    "api.policies": "api/test_every_operation.py",
    "clientpasswords.models.password": "clientpasswords/test_models.py",
    "clientpasswords.usage.alarms": "clientpasswords/usage/test_alarms.py",
    "mailportal.management.commands.prepare": "mailportal/test_database.py",
    "mailportal.views": "mailportal/test_healthz.py",
}


def test_whatever_has_sql_written_by_hand_is_tested_on_both() -> None:
    left = set(written_by_hand())
    for file in filter(runs_on_both, UNIT.rglob("test_*.py")):
        left -= set(imported(file.read_text()))

    assert left == BEHIND_PAGES.keys(), "name the tests, or import what they are about"
    for name in BEHIND_PAGES.values():
        assert runs_on_both(UNIT / name)


def test_sql_in_a_file_is_of_the_modules_beside_it() -> None:
    assert "clientpasswords.logon.decision" in written_by_hand()


def test_what_asks_no_database_is_not_among_them() -> None:
    assert not runs_on_both(UNIT / "gateways" / "test_twilio.py")
    assert "accounts.http" not in written_by_hand()


@pytest.mark.parametrize(
    "line",
    [
        "Account.objects.select_for_update().get(pk=1)",
        "Account.objects.lock(account.pk)",
        "with connection.cursor() as cursor:",
        'if connection.vendor == "sqlite":',
        "rows.annotate(last=Subquery(uses))",
        "DomainFigures.objects.bulk_create(rows)",
        "except IntegrityError:",
        'rows.aggregate(Sum("count"))',
        'TruncDate("at")',
    ],
)
def test_sql_by_hand_is_found(line: str) -> None:
    assert BY_HAND.search(line)
    assert ASKS_ITSELF.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.django_db(transaction=True)",
        "first, second = at_once(2, act)",
        "def test_it(transactional_db: None) -> None:",
    ],
)
def test_a_test_with_connections_of_its_own_is_found(line: str) -> None:
    assert ASKS_ITSELF.search(line)


def test_what_opens_connections_is_never_left_to_one_database() -> None:
    left = [
        file
        for file in UNIT.rglob("test_*.py")
        if UNMARKED.search(file.read_text()) and ASKS_ITSELF.search(file.read_text())
    ]

    assert left == []


@pytest.mark.parametrize(
    "line",
    [
        "pytestmark = pytest.mark.one_database",
        "pytestmark = [pytest.mark.django_db, pytest.mark.one_database]",
    ],
)
def test_a_module_left_to_one_database_is_found(line: str) -> None:
    assert UNMARKED.search(f"import pytest\n\n{line}\n")


def test_a_module_left_to_one_database_does_not_run_on_both() -> None:
    texts = UNIT / "accounts" / "notify" / "test_composing.py"

    assert not written_by_hand().isdisjoint(imported(texts.read_text()))
    assert not runs_on_both(texts)


def test_an_import_is_one_of_a_module_or_of_something_in_it() -> None:
    text = "import a.b\nfrom c.d import e\nfrom f import g as h\n"

    assert set(imported(text)) == {"a.b", "c.d", "c.d.e", "f", "f.g"}
    assert name_of(UNIT / "support.py") == "tests.unit.support"
