"""docs/adopt.md on hosts that keep their passwords in other ways."""

import pytest

from tests.environment import FOLDER
from tests.mailserver.adoption import (
    ALICE,
    BESIDE,
    NO_TABLE,
    OTHER,
    has_its_mail,
    has_its_mail_and_quota,
)
from tests.mailserver.debianhost import OLD_PASSWORDS
from tests.mailserver.existing import ExistingHost
from tests.mailserver.outages import no_database

pytestmark = pytest.mark.mailserver


@pytest.mark.parametrize(("table", "last"), [("SQL", NO_TABLE), ("rules", BESIDE)])
def test_a_host_with_another_table_goes_the_same_way(
    table: str,
    last: int,
    database_url: str,
    web: dict[str, str],
    device: dict[str, str],
) -> None:
    folder = FOLDER / f"existing-{table}"
    host = ExistingHost(folder, database_url=database_url, table=table)
    host.has_postfix = False  # it would be the same
    sees_all = has_its_mail if table == "rules" else has_its_mail_and_quota
    with host:
        untouched = host.configuration()
        host.move_to(BESIDE)
        assert sees_all(host, OTHER, OLD_PASSWORDS[OTHER])
        assert sees_all(host, ALICE, OLD_PASSWORDS[ALICE])
        assert sees_all(host, ALICE, device[ALICE])
        with no_database():
            assert sees_all(host, OTHER, OLD_PASSWORDS[OTHER])
        host.move_to(last)
        assert sees_all(host, ALICE, device[ALICE])
        host.move_to(1)
        assert sees_all(host, ALICE, OLD_PASSWORDS[ALICE])
        assert host.configuration() == untouched
