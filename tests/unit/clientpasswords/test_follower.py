"""The mail server's log in the history: each line once, whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Account
from clientpasswords import follower, history
from clientpasswords.follower import Follower
from clientpasswords.models import FollowedLog, Logon, Usage
from tests import factories
from tests.unit.clientpasswords.dovecotlines import line

Follow = Callable[[Path], Follower]


@pytest.fixture
def follow() -> Iterator[Callable[[Path], Follower]]:
    """Followers of the node mx1, which let go of their logs in the end."""
    with ExitStack() as stack:

        def make(log: Path) -> Follower:
            return stack.enter_context(closing(Follower(log, "mx1")))

        yield make


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "dovecot.log"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def catch_up(reader: Follower) -> None:
    while reader.poll():
        pass
    reader.flush()


def total() -> int:
    return sum(Logon.objects.values_list("count", flat=True))


def test_first_and_last_use_are_kept(alice: Account, log: Path, follow: Follow) -> None:
    row, _secret = factories.make_client_password(alice)
    append(log, line(credential=row.pk, second=1))
    append(log, line(credential=row.pk, second=9, ip="192.0.2.8", protocol="smtp"))

    catch_up(follow(log))

    usage = Usage.objects.get(client_password=row)
    assert (usage.first_at.second, usage.last_at.second) == (1, 9)
    assert (usage.protocol, usage.network_address) == ("smtp", "192.0.2.8")
    assert usage.node == "mx1"


def test_a_refused_logon_is_no_use(alice: Account, log: Path, follow: Follow) -> None:
    row, _secret = factories.make_client_password(alice)
    append(log, line(credential=row.pk, reason="revoked"))

    catch_up(follow(log))

    assert not Usage.objects.exists()
    assert Logon.objects.get().reason == "revoked"


def test_logons_that_are_alike_are_one_line(
    alice: Account, log: Path, follow: Follow
) -> None:
    for second in range(10):
        append(log, line(second=second))
    append(log, line(reason="wrong-password"))

    catch_up(follow(log))

    assert sorted(Logon.objects.values_list("reason", "count")) == [
        ("", 10),
        ("wrong-password", 1),
    ]


def test_a_line_goes_on_in_the_next_batch(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line(second=1))
    reader = follow(log)
    catch_up(reader)
    append(log, line(second=2))
    catch_up(reader)

    assert Logon.objects.get().count == 2
    assert Logon.objects.get().last_at.second == 2


def test_names_that_are_no_mailbox_leave_no_trace(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line(name="hunter2@example.com", reason="unknown-account"))

    catch_up(follow(log))

    assert not Logon.objects.exists()


def test_a_restart_goes_on_where_the_last_one_stopped(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    append(log, line())

    catch_up(follow(log))

    assert total() == 2


def test_half_a_line_waits_for_its_end(
    alice: Account, log: Path, follow: Follow
) -> None:
    whole = line()
    append(log, whole[:80])
    reader = follow(log)
    catch_up(reader)
    append(log, whole[80:])
    catch_up(reader)

    assert total() == 1


def test_a_rotated_log_is_read_to_its_end_first(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    catch_up(reader)
    log.rename(log.with_suffix(".log.1"))
    append(log.with_suffix(".log.1"), line())
    append(log, line())

    catch_up(reader)

    assert total() == 3


def test_a_rotation_during_a_restart_loses_nothing(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    append(log, line())
    log.rename(log.with_suffix(".log.1"))
    append(log, line())

    catch_up(follow(log))

    assert total() == 3


def test_the_old_file_is_read_until_the_new_one_has_lines(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    catch_up(reader)
    log.rename(log.with_suffix(".log.1"))
    log.touch()
    catch_up(reader)
    append(log.with_suffix(".log.1"), line())  # the server has not reopened it yet
    append(log, line())

    catch_up(reader)

    assert total() == 3


def test_a_truncated_log_is_read_from_its_beginning(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line() + line())
    reader = follow(log)
    catch_up(reader)
    log.write_text(line())

    catch_up(reader)

    assert total() == 3


def test_a_missing_log_is_waited_for(alice: Account, log: Path, follow: Follow) -> None:
    reader = follow(log)
    catch_up(reader)
    append(log, line())

    catch_up(reader)

    assert total() == 1


def test_two_followers_count_each_line_once(
    alice: Account, log: Path, follow: Follow
) -> None:
    one, two = follow(log), follow(log)
    append(log, line())
    assert one.poll() == 1
    assert two.poll() == 1
    append(log, line(second=11))

    catch_up(one)
    catch_up(two)

    assert total() == 2


def test_a_database_that_is_away_loses_nothing(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)

    def away(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(history, "write", away)
        with pytest.raises(DatabaseError), transaction.atomic():
            reader.poll()
    append(log, line())
    catch_up(reader)

    assert total() == 2


def test_a_client_that_logs_on_every_second_is_not_written_every_second(
    alice: Account,
    log: Path,
    django_assert_num_queries: DjangoAssertNumQueries,
    follow: Follow,
) -> None:
    append(log, line())
    reader = follow(log)
    reader.poll()
    append(log, line(second=11))

    with django_assert_num_queries(0):
        reader.poll()

    reader.flush()
    assert total() == 2


def test_a_first_logon_is_written_at_once(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    reader.poll()
    append(log, line(reason="wrong-password"))

    reader.poll()

    assert Logon.objects.filter(reason="wrong-password").exists()


def test_the_command_reads_what_is_there(alice: Account, log: Path) -> None:
    append(log, line())

    call_command("follow_logons", str(log), "--node", "mx1", "--once")

    assert total() == 1
    assert FollowedLog.objects.get().offset == log.stat().st_size


def test_old_and_surplus_logons_are_forgotten(
    alice: Account, log: Path, settings: Settings, follow: Follow
) -> None:
    settings.LOGONS_KEPT_AN_ACCOUNT = 3
    for number in range(5):
        append(log, line(ip=f"192.0.2.{number}", second=number))
    catch_up(follow(log))

    history.forget()

    newest = Logon.objects.values_list("network_address", flat=True)
    assert set(newest) == {"192.0.2.2", "192.0.2.3", "192.0.2.4"}


def test_the_follower_is_bounded_in_memory(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    monkeypatch.setattr(follower, "BATCH", 2)
    for number in range(5):
        append(log, line(ip=f"192.0.2.{number}"))
    reader = follow(log)

    assert reader.poll() == 2
