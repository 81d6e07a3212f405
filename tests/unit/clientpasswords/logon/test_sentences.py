"""What the mail server may say to a mail program that it refuses."""

import pytest
from django.conf import settings as configured
from django.core.management import call_command

from accounts.models import Account, MailSetting, MailWebLogon, Policy
from clientpasswords.logon import sentences
from tests import factories

PAGE = "http://127.0.0.1:8000/settings/account-security/"


def notice_for(account: Account, protocol: str = "imap") -> str | None:
    return MailWebLogon.objects.get(address=account.address, protocol=protocol).notice


def test_every_refusal_has_its_sentence_with_the_page(alice: Account) -> None:
    sentences.store()

    assert notice_for(alice) is None
    Account.objects.update(client_passwords_on=True)
    assert notice_for(alice) == (
        f"Use a security password here, not your web password: {PAGE}"
    )
    Policy.objects.update(pop3=False)
    assert notice_for(alice, "pop3") == (
        f"This protocol is switched off for your mailbox: {PAGE}"
    )
    Policy.objects.update(third_party_logon=False)
    assert notice_for(alice) == (
        f"Mail programs are switched off for your mailbox: {PAGE}"
    )


def test_a_disabled_account_is_told_nothing(alice: Account) -> None:
    sentences.store()
    Account.objects.update(is_active=False)

    assert notice_for(alice) is None


@pytest.mark.parametrize("language", [code for code, _name in configured.LANGUAGES])
def test_sentences_are_short_and_in_ascii_in_every_language(
    language: str, db: None
) -> None:
    account = factories.make_account(language=language, client_passwords_on=True)
    sentences.store()

    text = notice_for(account)

    assert text is not None
    assert text.isascii()
    assert len(text) <= sentences.LONGEST
    assert PAGE in text


def test_preparing_again_renews_the_sentences(alice: Account) -> None:
    MailSetting.objects.create(name="notice:protocol-off:en", value="old")

    call_command("prepare", verbosity=0)

    assert PAGE in MailSetting.objects.get(name="notice:protocol-off:en").value
