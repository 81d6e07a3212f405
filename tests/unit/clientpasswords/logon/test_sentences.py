"""What the mail server may say to a mail program that it refuses."""

import pytest
from django.conf import settings as configured
from django.core.management import call_command

from accounts.models import Account, MailNotice, MailSetting
from clientpasswords.logon import sentences
from clientpasswords.refusals import REFUSALS, Refusal
from tests import factories

PAGE = "http://127.0.0.1:8000/settings/account-security/"


NOTIFYING = [each for each in REFUSALS if each.notice]


def notice_for(account: Account, reason: Refusal) -> str | None:
    rows = MailNotice.objects.filter(address=account.address, reason=reason.key)
    return rows.values_list("notice", flat=True).first()


def test_every_refusal_has_its_sentence_with_the_page(alice: Account) -> None:
    assert [notice_for(alice, each) for each in NOTIFYING] == [None] * len(NOTIFYING)

    sentences.store()

    assert {each.key: notice_for(alice, each) for each in NOTIFYING} == {
        each.key: each.notice % {"page": PAGE} for each in NOTIFYING
    }
    assert MailNotice.objects.count() == len(NOTIFYING)


def test_a_disabled_account_is_told_nothing(alice: Account) -> None:
    sentences.store()
    Account.objects.update(is_active=False)

    assert not MailNotice.objects.exists()


@pytest.mark.parametrize("reason", NOTIFYING, ids=lambda each: each.key)
@pytest.mark.parametrize("language", [code for code, _name in configured.LANGUAGES])
def test_sentences_are_short_and_in_ascii_in_every_language(
    language: str, reason: Refusal, db: None
) -> None:
    account = factories.make_account(language=language, client_passwords_on=True)
    sentences.store()

    text = notice_for(account, reason)

    assert text is not None
    assert text.isascii()
    assert len(text) <= sentences.LONGEST
    assert PAGE in text


def test_preparing_again_renews_the_sentences(alice: Account) -> None:
    MailSetting.objects.create(name="notice:protocol-off:en", value="old")

    call_command("prepare", verbosity=0)

    assert PAGE in MailSetting.objects.get(name="notice:protocol-off:en").value
