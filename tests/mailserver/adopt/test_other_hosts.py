"""docs/adopt.md on hosts that keep their passwords in other ways."""

import pytest

from tests.environment import FOLDER
from tests.mailserver.adoption import (
    ALICE,
    BESIDE,
    NO_TABLE,
    OTHER,
    has_its_mail,
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
    with host:
        untouched = host.configuration()
        host.move_to(BESIDE)
        assert has_its_mail(host, OTHER, OLD_PASSWORDS[OTHER])
        assert has_its_mail(host, ALICE, OLD_PASSWORDS[ALICE])
        assert has_its_mail(host, ALICE, device[ALICE])
        with no_database():
            assert has_its_mail(host, OTHER, OLD_PASSWORDS[OTHER])
        host.move_to(last)
        assert has_its_mail(host, ALICE, device[ALICE])
        host.move_to(1)
        assert has_its_mail(host, ALICE, OLD_PASSWORDS[ALICE])
        assert host.configuration() == untouched
