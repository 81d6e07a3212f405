"""Rows are written by the thousand as `bulk_create` would write them."""

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from clientpasswords.models import DailyLogons, Usage
from clientpasswords.usage import bulk
from tests import factories

NAMES = [
    "client_password",
    "first_at",
    "last_at",
    "protocol",
    "network_address",
    "node",
]
AT = datetime(2026, 11, 23, 21, 33, 10, 5, tzinfo=UTC)
LATER = datetime(2026, 11, 24, tzinfo=UTC)


def kept() -> list[tuple[object, ...]]:
    return sorted(Usage.objects.values_list(*NAMES))


def test_what_was_written_is_read_back(alice: Account) -> None:
    rows: list[tuple[object, ...]] = [
        (factories.make_client_password(alice)[0].pk, AT, LATER, *rest)
        for rest in (("imap", "192.0.2.7", "a"), ("smtp", "2001:db8::7", "{,\"'\\%s}"))
    ]
    rows.append((factories.make_client_password(alice)[0].pk, AT, AT, "", None, "NULL"))

    bulk.write_rows(Usage, NAMES, rows)

    assert kept() == sorted(rows)


def test_of_a_row_that_is_there_only_what_is_to_be_updated_is_written(
    alice: Account,
) -> None:
    row, other = (factories.make_client_password(alice)[0].pk for _ in range(2))
    bulk.write_rows(Usage, NAMES, [(row, AT, AT, "imap", None, "mx1")])

    bulk.write_rows(
        Usage,
        NAMES,
        [(row, LATER, LATER, "smtp", None, "mx2"), (other, AT, AT, "imap", None, "a")],
        unique=["client_password"],
        update=["last_at", "protocol"],
    )

    assert kept() == [
        (row, AT, LATER, "smtp", None, "mx1"),
        (other, AT, AT, "imap", None, "a"),
    ]


def test_a_count_that_is_there_grows(alice: Account) -> None:
    names = ["domain", "day", "protocol", "reason", "let_in_by", "count"]
    day, other = AT.date(), LATER.date()
    for rows in ([(day, 3), (other, 1)], [(day, 4)]):
        rows_of_day = [(alice.domain_id, on, "imap", "", "", n) for on, n in rows]
        bulk.add_counts(DailyLogons, names, rows_of_day)

    found = DailyLogons.objects.order_by("day").values_list("day", "count")
    assert list(found) == [(day, 7), (other, 1)]


def test_a_row_that_is_there_is_refused_if_nothing_is_to_be_updated(
    alice: Account,
) -> None:
    row = factories.make_client_password(alice)[0].pk
    rows = [(row, AT, AT, "imap", None, "mx1")]
    bulk.write_rows(Usage, NAMES, rows)

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.write_rows(Usage, NAMES, rows)


def test_what_is_too_long_is_never_cut(alice: Account) -> None:
    pk = factories.make_client_password(alice)[0].pk
    row: tuple[object, ...] = (pk, AT, AT, "a protocol of no name", None, "mx1")
    knows_lengths = connection.vendor == "postgresql"
    refused = pytest.raises(DataError) if knows_lengths else nullcontext()

    with refused, transaction.atomic():
        bulk.write_rows(Usage, NAMES, [row])

    assert kept() == ([] if knows_lengths else [row])


def test_nothing_to_write_asks_nothing(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        bulk.write_rows(Usage, NAMES, [])
