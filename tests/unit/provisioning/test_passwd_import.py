"""A passwd-file of Dovecot opens no mailbox that was closed where it comes from."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import Account, SecurityEvent
from provisioning import passwd_files
from tests.factories import make_account
from tests.takenover import HASHES
from tests.unit.provisioning.importing import refused, run

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("firm"),
    pytest.mark.both_databases,
]

HASH = HASHES["SSHA512"]
SECRET = "sesame-open"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users"


def line(extra: str = "", password: str = HASH) -> str:
    return f"erin@firm.example:{password}:5000:5000:Erin:/srv/erin::{extra}"


def import_(file: Path, *lines: str, **options: object) -> str:
    return run(file, *lines, header="# users", format="passwd", **options)


def refuse(file: Path, *lines: str, **options: object) -> str:
    return refused(file, *lines, header="# users", format="passwd", **options)


@pytest.mark.parametrize("name", passwd_files.LOCKING)
@pytest.mark.parametrize("value", ["", "=y", "=no", "="])
def test_a_field_that_locks_makes_the_mailbox_not_active(
    file: Path, name: str, value: str
) -> None:
    said = import_(file, line(f"{name}{value} reason=left the company"))

    made = Account.objects.get()
    assert not made.is_active
    assert not made.has_usable_password()
    assert f"not active, being locked there: {name} in 1 line\n" in said
    assert "hash behind a lock in 1 line, home in 1 line, reason in 1 line" in said


@pytest.mark.parametrize(
    "password", ["", "!", "!!", "*", "x", "{CRYPT}!", f"!{HASH}", "!$6$salt$hash"]
)
def test_a_locked_hash_makes_the_mailbox_not_active(file: Path, password: str) -> None:
    make_account("erin@firm.example", password=SECRET)

    said = import_(file, line(password=password))

    after = Account.objects.get()
    assert not after.is_active
    assert after.check_password(SECRET)  # for whoever makes it active again
    assert "password in 1 line" in said


def test_a_mailbox_that_was_shut_here_is_not_opened_by_an_import(file: Path) -> None:
    make_account("erin@firm.example", is_active=False)

    import_(file, line())

    assert not Account.objects.get().is_active


@pytest.mark.parametrize("name", passwd_files.RESTRICTING)
@pytest.mark.parametrize("value", ["", "=y", f"={SECRET}"])
def test_a_line_that_lets_in_by_more_than_the_hash_is_refused_by_name(
    file: Path, name: str, value: str
) -> None:
    said = refuse(file, line(f"nologin {name}{value}"))

    assert (
        f"erin@firm.example: refused: {name}: {passwd_files.RESTRICTING[name]}" in said
    )
    assert SECRET not in said


@pytest.mark.parametrize(
    ("extra", "shown"),
    [
        ("colour=blue", "colour"),
        ("userdb_colour=blue", "userdb_colour"),
        ("nologin:remove=y", "extra field 1"),
        ("userdb_quota_rule:remove=y", "extra field 1"),
        ("nodelay NoLogin", "extra field 2"),
        (f"nodelay {SECRET}", "extra field 2"),
        ("nologin\tallow_nets=192.0.2.1", "extra field 1"),
        (f"pass=open {SECRET}=sesame", "extra field 2"),
        ("reason=left allow_nets", "allow_nets"),
        ("reason=left colour=blue", "colour"),
    ],
)
def test_a_field_that_nobody_knows_is_refused_and_no_secret_told(
    file: Path, extra: str, shown: str
) -> None:
    said = refuse(file, line(extra))

    assert f"{shown}: " in said
    assert "sesame" not in said


def test_what_lets_nobody_in_is_left_out_and_counted(file: Path) -> None:
    lines = [
        line("userdb_quota_rule=*:storage=1G userdb_quota_rule=Trash:storage=1M"),
        line("event_x=y forward_z=1 nodelay").replace("erin", "frank"),
        line(":maildir:/srv/frank").replace("erin", "gina"),
        "# gone@firm.example:{PLAIN}sesame",
    ]

    said = import_(file, *lines)

    assert said == (
        "3 created, 0 changed, 0 unchanged, 0 refused\n"
        "left out: comment in 2 lines, event_x in 1 line, forward_z in 1 line, gecos "
        "in 3 lines, gid in 3 lines, home in 3 lines, nodelay in 1 line, uid in 3 "
        "lines, userdb_mail in 1 line, userdb_quota_rule in 1 line\n"
    )
    assert Account.objects.filter(is_active=True, name="").count() == 3


def test_each_line_is_told_where_that_is_wished(file: Path) -> None:
    said = import_(file, line("nodelay"), verbosity=2)

    assert said.startswith(
        "line 1: left out: comment\nline 2: erin@firm.example: created: "
    )


@pytest.mark.parametrize(
    "owner", ["0", "root", "00", "-1", "no body", "4294967295", "99999999999"]
)
@pytest.mark.parametrize("place", ["5000:5000", "5000:"])
def test_whom_dovecot_passes_over_is_refused(
    file: Path, owner: str, place: str
) -> None:
    text = line().replace(f":{place}", f":{place.replace('5000', owner, 1)}", 1)

    assert "Dovecot passes over" in refuse(file, text)


@pytest.mark.parametrize(
    "text",
    [
        f" erin@firm.example:{HASH}",
        f"Erin@firm.example:{HASH}",
        f"erin@firm.example :{HASH}",
        f"erin@firm.example: {HASH}",
        f"erin@firm.example:{HASH} ",
        f"erin@firm.example:{HASH}\rfrank@firm.example:{HASH}",
    ],
)
def test_blanks_and_capitals_that_dovecot_minds_are_not_forgiven(
    file: Path, text: str
) -> None:
    refuse(file, text)


@pytest.mark.parametrize(
    "password", [SECRET, f"{{PLAIN}}{SECRET}", f"{{CLEARTEXT}}!{SECRET}", "{PLAIN}"]
)
def test_a_password_in_clear_is_refused_and_nowhere_told(
    file: Path, password: str
) -> None:
    said = refuse(file, line(password=password))

    assert "clear text" in said
    assert SECRET not in said


def test_mailboxes_with_hashes_of_no_use_come_without_a_web_password(
    file: Path,
) -> None:
    make_account("old@firm.example", password=SECRET)
    lines = [
        line(password=f"$1${SECRET}"),
        line(password=f"{{PLAIN}}{SECRET}").replace("erin", "old"),
        line().replace("erin", "good"),
    ]

    said = import_(file, *lines, without_unusable_hashes=True)

    assert "2 created, 0 changed, 1 unchanged, 0 refused\n" in said
    assert "unusable hash in 2 lines" in said
    erin, good, old = Account.objects.order_by("address")
    assert (erin.address, erin.has_usable_password()) == ("erin@firm.example", False)
    assert good.password.startswith("ssha512$")
    assert old.check_password(SECRET)
    assert SECRET not in str(list(SecurityEvent.objects.values()))


def test_a_field_is_left_out_on_somebodys_word_and_counted(file: Path) -> None:
    said = import_(
        file,
        line("allow_nets=192.0.2.0/24 colour=blue"),
        leave_out=["allow_nets", "colour"],
    )

    assert "left out: allow_nets in 1 line, colour in 1 line, comment" in said
    assert Account.objects.get().is_active


def test_a_name_that_is_in_no_line_is_said_to_be_and_stops_nothing(file: Path) -> None:
    """It may be in tomorrow's file, or was in yesterday's."""
    left_out = ["allow_nets", "colour"]

    said = import_(file, line("allow_nets=192.0.2.0/24"), leave_out=left_out)

    assert said.endswith("\nin no line, and named by --leave-out: colour\n")
    assert Account.objects.get().is_active


@pytest.mark.parametrize("name", [*passwd_files.NEVER_WAIVED, "address", "active"])
def test_what_decides_who_is_let_in_cannot_be_left_out(file: Path, name: str) -> None:
    file.write_text(line(f"{name}=y"))

    with pytest.raises(CommandError, match=f"^{name} "):
        call_command("import_accounts", file, format="passwd", leave_out=[name])


def test_the_page_for_operators_names_every_field() -> None:
    page = Path(settings.BASE_DIR, "docs", "operations.md").read_text()
    told = re.findall(r"`([a-z0-9_]+)(\u2026?)`", page)
    names = {name for name, dots in told if not dots}
    families = tuple(name for name, dots in told if dots)

    known = passwd_files.LOCKING | passwd_files.HARMLESS | set(passwd_files.RESTRICTING)
    assert [each for each in known - names if not each.startswith(families)] == []
    assert set(passwd_files.HARMLESS_FAMILIES) <= set(families)


def test_the_help_says_what_becomes_of_extra_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        call_command("import_accounts", "--help")

    said = capsys.readouterr().out
    assert "ignored" not in said
    assert all(name in said for name in passwd_files.LOCKING)
