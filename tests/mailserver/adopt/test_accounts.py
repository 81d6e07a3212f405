"""docs/adopt.md, step 1: whom the old table locks out is locked out here as well."""

import pytest

from accounts.models import Account
from tests.mailserver.adoption import ALICE, BOB
from tests.mailserver.existing import ExistingHost

pytestmark = pytest.mark.mailserver

CLOSED = """# users
locked@x.example:{PLAIN}sesame::::::nologin=y reason=left the company
starred@x.example:*:mail:mail::/srv/mail
alice@x.example:{PLAIN}sesame:mail:mail::/srv/mail::userdb_quota_rule=*:storage=1G
vmail:x:8:8::/srv/mail:/usr/sbin/nologin
office@y.example:{PLAIN}sesame::::::allow_nets=192.0.2.0/24
"""


def test_whom_the_old_table_locks_out_gets_no_password(
    existing: ExistingHost, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = existing.python("Do", users=CLOSED).splitlines()

    told = capsys.readouterr().err
    assert [line.split()[0] for line in lines] == [ALICE]
    found = dict(Account.objects.values_list("address", "is_active"))
    assert found == {ALICE: True, "locked@x.example": False, "starred@x.example": False}
    assert not Account.objects.get(address="locked@x.example").has_usable_password()
    assert "refused: line 5  {'address': 'Enter a full address" in told
    assert "not active, being locked there: {'nologin': 1, 'password': 1}" in told
    assert "'userdb_quota_rule': 1" in told
    assert "sesame" not in told


def test_a_line_that_the_old_table_limits_stops_it_until_it_is_waived(
    existing: ExistingHost, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ('["x.example"]', '["x.example", "y.example"]')
    waived = ("frozenset()", 'frozenset({"allow_nets"})')

    with pytest.raises(SystemExit, match="Nothing was made"):
        existing.python("Do", both, users=CLOSED)

    told = capsys.readouterr().err
    assert "refused: line 6 office@y.example {'allow_nets'" in told
    assert not Account.objects.exists()
    lines = existing.python("Do", both, waived, users=CLOSED).splitlines()
    assert sorted(line.split()[0] for line in lines) == [ALICE, "office@y.example"]


def test_a_table_in_sql_says_by_a_column_who_is_locked_out(
    existing: ExistingHost,
) -> None:
    csv = ("= passwd_files.read_passwd", "= files.read_csv")
    table = f"address,active\n{ALICE},t\n{BOB},f\n"

    (line,) = existing.python("Do", csv, users=table).splitlines()

    assert line.split()[0] == ALICE
    assert not Account.objects.get(address=BOB).is_active
