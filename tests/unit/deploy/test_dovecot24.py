"""The configuration for Dovecot 2.4: its names are 2.4's, its values those of 2.3's."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.render import render
from deploy.values import Certificate, MailHostValues, PrivateInstance
from tests.unit.deploy.dovecotconf import (
    NAMES,
    VARIABLE,
    Setting,
    read_folder,
    words_in,
)

POSTGRES_URL = "postgresql://mailportal_mail@%2Frun%2Fpostgresql/mailportal"
SQLITE_URL = "sqlite:////srv/portal/portal.sqlite3"
VALUES = MailHostValues(
    folder=Path("/nowhere"),
    database_url=POSTGRES_URL,
    doveadm_api_key="a-key",
    host_name="mx.example.com",
    certificate=Certificate(Path("/etc/tls/chain.pem"), Path("/etc/tls/key.pem")),
    webmail_networks=("192.0.2.0/24", "2001:db8::/48"),
    database_group="postfix",
    doveadm_address="192.0.2.1",
)
HOSTS = {
    "PostgreSQL": VALUES,
    "SQLite": replace(VALUES, database_url=SQLITE_URL),
    "private": replace(
        VALUES,
        certificate=None,
        private=PrivateInstance("t1", Path("/srv/t1"), privileged=False),
    ),
}


def rendered(values: MailHostValues, folder: Path) -> list[Setting]:
    """Everything that is written for this host's Dovecot."""
    render(replace(values, folder=folder))
    return read_folder(folder / "dovecot")


# --- names ----------------------------------------------------------------------------


@pytest.mark.parametrize("host", HOSTS)
def test_every_name_is_one_of_dovecot_2_4(host: str, tmp_path: Path) -> None:
    settings = rendered(replace(HOSTS[host], dovecot="2.4"), tmp_path)

    # The parameters of a connection are PostgreSQL's own names.
    own = [each for each in settings if "parameters" not in each.blocks]
    kinds = {block.partition(" ")[0] for each in own for block in each.blocks}

    assert [each.where for each in own if each.full_name() is None] == []
    assert kinds <= set(NAMES["settings"])
    assert len(own) > 50


@pytest.mark.parametrize("host", HOSTS)
def test_every_variable_and_filter_is_one_of_dovecot_2_4(
    host: str, tmp_path: Path
) -> None:
    settings = rendered(replace(HOSTS[host], dovecot="2.4"), tmp_path)

    variables, filters = set(), set()
    for each in settings:
        for inside in VARIABLE.findall(each.value):
            variable, through = words_in(inside)
            variables.add(variable)
            filters |= {word.partition("(")[0] for word in through}

    assert variables - set(NAMES["variables"]) == {"passdb:device"}
    assert filters <= set(NAMES["filters"])
    assert {"sha256", "truncate", "lower"} <= filters


def test_a_name_of_dovecot_2_3_would_be_noticed(tmp_path: Path) -> None:
    settings = rendered(VALUES, tmp_path)

    unknown = {each.name for each in settings if each.full_name() is None}

    assert {"mail_location", "ssl_cert", "disable_plaintext_auth"} <= unknown


# --- values ---------------------------------------------------------------------------


def in_2_4(setting: Setting) -> dict[str, str]:
    """Where 2.4 has what this setting of 2.3 says; nothing if it asks by Lua."""
    value = setting.value
    negated = {"yes": "no", "no": "yes"}
    renamed = {
        "mail_location": {"mail_driver": "maildir", "mail_path": "~/Maildir"},
        "auth_username_format": {"auth_username_format": "%{user | lower}"},
        "auth_worker_max_count": {},  # left to Dovecot
        "login_log_format_elements": {
            "login_log_format_elements": "user=<%{user}> method=%{mechanism} "
            "rip=%{remote_ip} lip=%{local_ip} mpid=%{mail_pid} %{secured} "
            "session=<%{session}> device=%{passdb:device}"
        },
        "service doveadm / inet_listener http / address": {
            "service doveadm / inet_listener http / listen": value
        },
        "auth_username_chars": {
            "auth_username_chars": value.strip('"').replace("'", "")
        },
        # There is no cache to flush.
        "doveadm_allowed_commands": {
            "doveadm_allowed_commands": value.removesuffix(",auth cache flush").replace(
                ",", " "
            )
        },
        "ssl_cert": {"ssl_server_cert_file": value.removeprefix("<")},
        "ssl_key": {"ssl_server_key_file": value.removeprefix("<")},
        "disable_plaintext_auth": {"auth_allow_cleartext": negated.get(value, "")},
    }
    if setting.blocks[:1] in {("passdb",), ("userdb",)}:
        return {}
    if setting.where.startswith("service portal-"):  # its anvil speaks otherwise
        return {}
    if "anvil-auth-penalty" in setting.where:  # 2.4 has no guesses.lua to do without it
        return {}
    return renamed.get(setting.where, {setting.where: value.replace("$", "$SET:")})


@pytest.mark.parametrize("host", HOSTS)
def test_the_values_are_those_of_the_configuration_for_2_3(
    host: str, tmp_path: Path
) -> None:
    old = rendered(HOSTS[host], tmp_path / "old")
    new = rendered(replace(HOSTS[host], dovecot="2.4"), tmp_path / "new")

    expected: dict[str, str] = {}
    for each in old:
        expected |= in_2_4(each)
    expected = {
        where: value.replace(str(tmp_path / "old"), str(tmp_path / "new"))
        for where, value in expected.items()
    }
    new_in_2_4 = ("passdb", "userdb", "sql", "pgsql", "dovecot_", "event_", "metric")
    found = {
        each.where: each.value for each in new if not each.where.startswith(new_in_2_4)
    }

    assert found == expected


def test_postgresql_is_the_one_of_the_url(tmp_path: Path) -> None:
    url = "postgresql://role:s%3Dcret@%2Frun%2FPostgres:5433/portal?sslmode=require"

    settings = rendered(replace(VALUES, dovecot="2.4", database_url=url), tmp_path)

    found = {each.name: each.value for each in settings if "parameters" in each.blocks}
    assert found == {
        "user": "role",
        "password": "s=cret",
        "port": "5433",
        "dbname": "portal",
        "sslmode": "require",
        "connect_timeout": "2",
        "options": "-c statement_timeout=2s",
    }
    assert "pgsql /run/Postgres" in {each.blocks[0] for each in settings if each.blocks}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql:///portal", "/var/run/postgresql"),
        ("postgresql://role@[2001:db8::5]:5433/portal", "2001:db8::5"),
        ("postgresql://role@db.example.com/portal", "db.example.com"),
        ("postgresql:///portal?host=/run/pg", "/run/pg"),
    ],
)
def test_the_host_of_postgresql_is_found_wherever_it_stands(
    url: str, host: str, tmp_path: Path
) -> None:
    settings = rendered(replace(VALUES, dovecot="2.4", database_url=url), tmp_path)

    assert {each.blocks[0] for each in settings if "parameters" in each.blocks} == {
        f"pgsql {host}"
    }


def test_a_password_that_could_say_more_is_not_written(tmp_path: Path) -> None:
    url = "postgresql://role:x%0Assl=no@db.example.com/portal"

    with pytest.raises(ValueError, match="password"):
        rendered(replace(VALUES, dovecot="2.4", database_url=url), tmp_path)


def test_sqlite_is_the_file_of_the_url(tmp_path: Path) -> None:
    settings = rendered(replace(HOSTS["SQLite"], dovecot="2.4"), tmp_path)

    found = {each.name: each.value for each in settings if not each.blocks}
    assert found["sql_driver"] == "sqlite"
    assert found["sqlite_path"] == "/srv/portal/portal.sqlite3"
    assert found["sqlite_readonly"] == "yes"


def test_who_may_read_the_password_of_the_database(tmp_path: Path) -> None:
    rendered(replace(VALUES, dovecot="2.4"), tmp_path)

    assert (tmp_path / "dovecot" / "database.conf").stat().st_mode & 0o777 == 0o600
