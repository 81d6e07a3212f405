"""The people of the tests, and the fixtures that every test may use."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings

from accounts import schema
from accounts.models import Account
from gateways import sms
from provisioning import roles
from tests import databases, factories
from tests.environment import DATABASE, FOLDER
from tests.keptdatabase import KeptDatabase
from tests.patience import PATIENCE


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark the tests that run on both databases, if the run selects by that mark."""
    if databases.MARK in config.getoption("markexpr"):
        for item in items:
            if databases.runs_on_both(item.path):
                item.add_marker(databases.MARK)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Use an SQLite file: threads, mail servers and browsers need the same database."""
    name = "test_mailportal"
    if DATABASE == "sqlite":
        (FOLDER / "db").mkdir(exist_ok=True)
        name = str(FOLDER / "db" / "test.sqlite3")
        # On a busy machine a lock can take long.
        connections["default"].settings_dict["OPTIONS"]["timeout"] = PATIENCE
    connections["default"].settings_dict["TEST"]["NAME"] = name


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Use the present database, if `django_db_setup` has restored it."""
    return True


@pytest.fixture(scope="session")
def kept_database(
    request: pytest.FixtureRequest,
    django_db_createdb: bool,  # noqa: FBT001 (it is pytest's --create-db)
    django_db_modify_db_settings: None,
) -> tuple[KeptDatabase, bool]:
    """The copy of the test database, and whether the database was restored from it."""
    config = request.config
    # With `-p no:cacheprovider`, as for a read-only folder, nothing is kept.
    has_cache = config.pluginmanager.hasplugin("cacheprovider")
    kept = KeptDatabase(config.cache.mkdir("databases") if has_cache else FOLDER)
    name = connections["default"].settings_dict["TEST"]["NAME"]
    return kept, not django_db_createdb and kept.restore(name)


@pytest.fixture(scope="session")
def django_db_setup(
    kept_database: tuple[KeptDatabase, bool],
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Restore the test database, or create it and keep a copy."""
    kept, is_restored = kept_database
    with django_db_blocker.unblock():
        if not is_restored:
            kept.keep(str(connection.settings_dict["NAME"]))
        roles.apply_groups()  # as `prepare` does after the migrations
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def tables_can_be_emptied() -> Iterator[None]:
    """Let tests empty all tables, which nothing else can do with the audit log.

    Afterwards the ready-made groups exist again, as after `prepare`.
    """
    create, drop = schema.read_script("accounts/sql/append_only", connection.vendor)
    # The class: in the browser's event loop Django has connections of their own.
    operations = type(connection.ops)
    empty = operations.sql_flush

    def sql_flush(*args: Any, **options: Any) -> list[str]:
        statements = empty(*args, **options)
        # An empty table of mailboxes means that all addresses were left.
        last = "DELETE FROM accounts_formeraddress"
        return [*drop, *statements, *create, last] if statements else []

    teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def emptied(case: TransactionTestCase) -> None:
        teardown(case)
        roles.apply_groups()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush)
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptied)
        yield


@pytest.fixture(autouse=True)
def plain_files(settings: Settings) -> None:
    """Serve static files under their own names: nothing has been collected."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@pytest.fixture(autouse=True)
def empty_outbox() -> Iterator[None]:
    sms.outbox.clear()
    yield
    sms.outbox.clear()


@pytest.fixture
def alice(db: None) -> Account:
    """The owner: security passwords are her choice, and she has a phone."""
    return factories.make_account("alice@example.com", phone="+12025550123")


@pytest.fixture
def bob(db: None) -> Account:
    """Another owner, whose policy requires security passwords."""
    policy = factories.make_policy("Required", client_passwords_required=True)
    return factories.make_account(
        "bob@example.com", policy=policy, phone="+12025550124"
    )


@pytest.fixture
def mallory(db: None) -> Account:
    """Knows everybody's ids."""
    return factories.make_account("mallory@example.com", phone="+12025550125")
