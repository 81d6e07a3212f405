"""What is kept of the logons that the mail server's log tells of."""

from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Account
from clientpasswords.models import ClientPassword, Logon, Usage
from clientpasswords.usage import history
from tests import factories
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up


def test_first_and_last_use_are_kept(alice: Account, log: Path, follow: Follow) -> None:
    row, _secret = factories.make_client_password(alice)
    append(log, line(credential=row.pk, second=1))
    append(log, line(credential=row.pk, second=9, ip="192.0.2.8", protocol="smtp"))

    catch_up(follow(log))

    usage = Usage.objects.get(client_password=row)
    assert (usage.first_at.second, usage.last_at.second) == (1, 9)
    assert (usage.protocol, usage.network_address) == ("smtp", "192.0.2.8")
    assert usage.node == "mx1"


def test_of_dovecot_2_4_first_and_last_use_are_kept_as_well(
    alice: Account, log: Path, follow: Follow
) -> None:
    row, _secret = factories.make_client_password(alice)
    append(log, line(credential=row.pk, second=1, dovecot="2.4"))
    append(log, line(credential=row.pk, second=9, protocol="smtp", dovecot="2.4"))
    append(log, line(reason="wrong-password", again=False, dovecot="2.4"))

    catch_up(follow(log))

    usage = Usage.objects.get(client_password=row)
    assert (usage.first_at.second, usage.last_at.second) == (1, 9)
    assert (usage.protocol, usage.network_address) == ("smtp", "192.0.2.7")
    assert sorted(Logon.objects.values_list("reason", "client_password")) == [
        ("", row.pk),
        ("", row.pk),
        ("wrong-password", None),
    ]


def test_a_mail_server_that_was_away_does_not_turn_last_use_back(
    alice: Account, log: Path, follow: Follow
) -> None:
    row, _secret = factories.make_client_password(alice)
    append(log, line(credential=row.pk, second=20, protocol="smtp"))
    catch_up(follow(log))
    late = log.with_name("late.log")
    append(late, line(credential=row.pk, second=5))

    catch_up(follow(late))

    usage = Usage.objects.get(client_password=row)
    assert (usage.first_at.second, usage.last_at.second) == (5, 20)
    assert usage.protocol == "smtp"


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


def test_uses_of_the_web_password_by_mail_programs_can_be_told_apart(
    alice: Account, log: Path, follow: Follow
) -> None:
    row, _secret = factories.make_client_password(alice)
    append(log, line(webmail=False))
    append(log, line(webmail=True))
    append(log, line(credential=row.pk))
    append(log, line())  # as mail servers wrote it before

    catch_up(follow(log))

    found = Logon.objects.values_list("by_web_password", "client_password", "count")
    assert sorted(found, key=str) == [
        (False, row.pk, 1),
        (False, None, 2),
        (True, None, 1),
    ]


def test_a_batch_takes_as_many_queries_however_many_passwords_it_tells_of(
    alice: Account, log: Path, follow: Follow
) -> None:
    devices = [
        factories.make_client_password(alice, f"Device {number}")[0]
        for number in range(6)
    ]
    reader = follow(log)

    def queries(*rows: ClientPassword) -> int:
        for row in rows:
            append(log, line(credential=row.pk))
        with CaptureQueriesContext(connection) as captured:
            reader.poll()
        return len(captured)

    assert queries(*devices[1:]) == queries(devices[0])


def test_two_passwords_that_are_forgotten_lengthen_the_same_line(
    alice: Account, log: Path, follow: Follow
) -> None:
    both = line(credential=999_998) + line(credential=999_999)
    append(log, both)
    reader = follow(log)
    catch_up(reader)
    append(log, both)

    catch_up(reader)

    assert sorted(Logon.objects.values_list("count", flat=True)) == [1, 3]
