import io
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, MailSetting
from clientpasswords.management.commands import check_logon
from tests.factories import PASSWORD, make_client_password


class Terminal(io.StringIO):
    """Standard input with a person in front of it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What comes in by standard input."""

    def set_input(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return set_input


def check(*arguments: str, protocol: str = "imap") -> str:
    output = io.StringIO()
    call_command("check_logon", *arguments, protocol=protocol, stdout=output)
    return output.getvalue()


def test_it_says_by_which_password_one_is_let_in(bob: Account, typed: Any) -> None:
    row, secret = make_client_password(bob)
    typed(f"{secret}\n")

    output = check("bob@example.com")

    assert output == (
        f"let in as bob@example.com~{row.pk} by security password {row.pk}\n"
    )


def test_it_says_that_the_web_password_lets_in(alice: Account, typed: Any) -> None:
    typed(f"{PASSWORD}\r\n")

    output = check("alice@example.com", protocol="smtp")

    assert output == "let in as alice@example.com by web password\n"


def test_it_says_why_not(bob: Account, typed: Any) -> None:
    typed(PASSWORD)

    with pytest.raises(CommandError) as caught:
        check("bob@example.com")

    assert str(caught.value) == "refused: security-password-required"
    assert caught.value.returncode == 1


@pytest.mark.parametrize("stdin", ["", "\n"])
def test_without_a_password_one_is_refused(
    alice: Account, typed: Any, stdin: str
) -> None:
    typed(stdin)

    with pytest.raises(CommandError, match="refused: wrong-password"):
        check("alice@example.com")


def test_on_a_terminal_the_password_is_not_shown(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(check_logon, "getpass", lambda: PASSWORD)

    assert "let in as alice@example.com" in check("alice@example.com")


def test_the_address_of_the_client_is_looked_at(bob: Account, typed: Any) -> None:
    MailSetting.objects.create(name="webmail_networks", value="192.0.2.0/24")
    typed(PASSWORD)

    output = check("bob@example.com", "--ip", "192.0.2.1")

    assert output == "let in as bob@example.com by web password\n"


@pytest.mark.django_db(transaction=True)  # the shell's way closes the connection
def test_the_shell_sees_0_for_let_in_and_1_for_refused(
    alice: Account, typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["manage.py", "check_logon", alice.address, "--protocol", "imap"]
    typed(PASSWORD)
    check_logon.Command().run_from_argv(command)
    assert "let in" in capsys.readouterr().out

    typed("a wrong one")
    with pytest.raises(SystemExit) as caught:
        check_logon.Command().run_from_argv(command)

    assert caught.value.code == 1
    assert "refused: wrong-password" in capsys.readouterr().err


@pytest.mark.parametrize("ip", ["nonsense", "192.0.2.0/24", "192.0.2.256", ""])
def test_what_is_no_address_is_said_whatever_the_password(
    bob: Account, typed: Any, ip: str
) -> None:
    _row, secret = make_client_password(bob)
    typed(secret)

    with pytest.raises(CommandError, match="--ip is not a network address") as caught:
        check("bob@example.com", "--ip", ip)

    assert caught.value.returncode == 2


def test_a_protocol_that_does_not_exist_is_refused(alice: Account, typed: Any) -> None:
    typed(PASSWORD)

    with pytest.raises(CommandError, match="invalid choice: 'sieve'"):
        call_command("check_logon", "alice@example.com", "--protocol", "sieve")


@pytest.mark.parametrize("right", [True, False])
def test_the_password_is_never_shown(
    bob: Account, typed: Any, capsys: pytest.CaptureFixture[str], *, right: bool
) -> None:
    row, secret = make_client_password(bob)
    if not right:
        secret = secret[::-1]
    typed(secret)

    try:
        shown = check("bob@example.com")
    except CommandError as error:
        shown = str(error)
    output = capsys.readouterr()

    assert secret not in shown + output.out + output.err
    assert row.hash not in shown + output.out + output.err
