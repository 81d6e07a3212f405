"""How the migrations are written, and the scripts of SQL that they run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.migrations.loader import MigrationLoader

from accounts import schema

OURS = ("accounts", "administration", "api", "clientpasswords", "provisioning")
# What only PostgreSQL has any use for: an index for LIKE, and rights of another role.
NOT_FOR_SQLITE = {"accounts/sql/name_beginning", "clientpasswords/logon/grants"}
LOGON_VIEWS = (
    "clientpasswords/logon/mail_logon",
    "clientpasswords/logon/mail_web_logon",
)
# Which policy binds a mailbox, and whether security passwords are in force by it.
IN_BOTH = [
    ("  FROM accounts_account AS account\n", "    AS protocol\n"),
    ("(account.client_passwords_on\n", "<= CURRENT_TIMESTAMP)))\n"),
    ("WHEN (protocol.name = 'imap' AND NOT policy.imap)\n", "'protocol-off'\n"),
]


def scripts_run() -> Iterator[str]:
    """The scripts that migrations run, one for each time."""
    migrations = MigrationLoader(None).disk_migrations
    for (app, _name), migration in migrations.items():
        for operation in migration.operations if app in OURS else []:
            if isinstance(operation, schema.RunScript):
                yield operation.name


def files() -> dict[str, set[str]]:
    """The scripts that there are, with the endings of their files."""
    found: dict[str, set[str]] = {}
    for app in OURS:
        for file in (schema.ROOT / app).rglob("*.sql"):
            name, _dot, ending = file.name.partition(".")
            path = str(file.parent.relative_to(schema.ROOT) / name)
            found.setdefault(path, set()).add(ending)
    return found


def test_no_migration_copies_a_list_of_choices() -> None:
    models = MigrationLoader(None).project_state().models
    fields = {
        f"{app}.{model}.{name}": field
        for (app, model), state in models.items()
        for name, field in state.fields.items()
        if app in OURS and field.choices
    }

    copied = {
        name
        for name, field in fields.items()
        if not callable(field.deconstruct()[3]["choices"])
    }

    assert not copied
    assert "accounts.securityevent.kind" in fields


def test_every_script_is_run_by_one_migration() -> None:
    assert sorted(scripts_run()) == sorted(files())


def test_every_script_is_for_both_databases() -> None:
    for_one = {*schema.VENDORS}
    sides = {
        name: {ending.removesuffix(".sql") for ending in endings}
        for name, endings in files().items()
    }

    assert {
        name for name, these in sides.items() if these not in ({"sql"}, for_one)
    } == NOT_FOR_SQLITE
    for name in NOT_FOR_SQLITE:
        assert schema.read_script(name, "postgresql")[0]
        assert schema.read_script(name, "sqlite") == ([], [])


@pytest.mark.parametrize("vendor", schema.VENDORS)
@pytest.mark.parametrize("name", sorted(files()))
def test_a_script_has_nothing_of_the_other_database(name: str, vendor: str) -> None:
    (other,) = {*schema.VENDORS} - {vendor}

    sql = "".join(part for half in schema.read_script(name, vendor) for part in half)

    assert f"-- {other}" not in sql
    assert "-- Undo" not in sql


@pytest.mark.parametrize("vendor", schema.VENDORS)
def test_there_is_one_end_of_life_for_each_database(vendor: str) -> None:
    ends = {
        "postgresql": "client.created_at + policy.client_password_days",
        "sqlite": "datetime(client.created_at, ",
    }

    ((view,), _undo) = schema.read_script(LOGON_VIEWS[0], vendor)

    assert {name for name, text in ends.items() if text in view} == {vendor}


@pytest.mark.parametrize(("start", "end"), IN_BOTH)
def test_the_two_logon_views_say_the_same_where_they_ask_the_same(
    start: str, end: str
) -> None:
    said = set()
    for name in LOGON_VIEWS:
        text = (schema.ROOT / f"{name}.sql").read_text()
        passage = text[text.index(start) :].partition(end)[0]
        said.add(" ".join(passage.split()))

    assert len(said) == 1


def test_sqlite_is_given_one_statement_at_a_time() -> None:
    making, undoing = schema.read_script("accounts/sql/former_addresses", "sqlite")

    assert [each.split()[0] for each in undoing] == ["DROP"] * 4
    assert len(making) == 4
    assert all(each.endswith("END;") for each in making)


def test_a_last_statement_without_its_semicolon_is_run_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    (tmp_path / "two.sql").write_text("SELECT 1;\n-- The other:\nSELECT 2\n")

    making, undoing = schema.read_script("two", "sqlite")

    assert making == ["SELECT 1;", "-- The other:\nSELECT 2"]
    assert undoing == []


def test_a_script_that_there_is_not_is_told_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        schema.read_script("accounts/sql/nothing", "sqlite")
