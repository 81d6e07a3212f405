"""Whatever gives or tells a reason knows those of `refusals`, and no other."""

import ast
import re

import pytest
from django.conf import settings
from django.utils import translation

from accounts import schema
from accounts.models import POLICY_SETTINGS, MailSetting
from administration.mailboxes import why
from clientpasswords.logon import sentences
from clientpasswords.logon.diagnosis import Diagnosis
from clientpasswords.models import Logon
from clientpasswords.refusals import (
    BY_KEY,
    CHECKED_FOR_ALL,
    DISABLED,
    GIVEN_BY_DOVECOT,
    NETWORK_NOT_ALLOWED,
    NOT_KEPT,
    OUT_OF_SCOPE,
    REFUSALS,
    UNKNOWN,
    Refusal,
    describe,
    get_refusal,
)
from clientpasswords.usage import dovecotlog
from deploy.render import TEMPLATES
from provisioning.self_lockout import Lockout
from tests.unit.clientpasswords.dovecotlines import line

APPS = ("accounts", "administration", "api", "clientpasswords", "provisioning")
# What the portal says on its own account in the same words; each is no reason of these.
OTHER_WORDS = {
    "accounts/models/event.py": "the kind of an event",
    "administration/mailboxes/filters.py": "a filter's word",
    "api/admin.py": "the state of a token",
    "api/mailboxes.py": "a field of an answer",
    "clientpasswords/page.py": "what stands against a further password",
    "provisioning/management/commands/revoke_api_token.py": "the state of a token",
    "provisioning/models.py": "the state of a token",
}


def given_by_view(name: str) -> set[str]:
    """The reasons in the text of a logon view."""
    text = (schema.ROOT / f"clientpasswords/logon/{name}.sql").read_text()
    code = re.sub(r"--.*", "", text)
    column = code.partition("END AS refusal")[0].rpartition("CASE\n")[2]
    return set(re.findall(r"THEN '([^']*)'", column))


def given_by_script() -> set[str]:
    """The reasons in the text of the mail server's script."""
    text = (TEMPLATES / "dovecot" / "portal.lua").read_text()
    code = re.sub(r"--.*", "", text)
    given = re.findall(r'reason(?:, notice)? = "([a-z-]+)"', code)
    return {*given, *re.findall(r'return "([a-z]+-[a-z-]+)"', code)}


def test_views_and_script_give_each_reason_and_no_other() -> None:
    views = given_by_view("mail_logon") | given_by_view("mail_web_logon")
    script = given_by_script()

    by_dovecot = GIVEN_BY_DOVECOT | {UNKNOWN.key}
    assert views | script == (BY_KEY.keys() | NOT_KEPT) - by_dovecot
    assert script >= NOT_KEPT
    assert len(views) > len(script - views)


def test_no_other_module_names_a_reason() -> None:
    found = set()
    for app in APPS:
        for file in (schema.ROOT / app).rglob("*.py"):
            path = str(file.relative_to(schema.ROOT))
            if "migrations" in path or path == "clientpasswords/refusals.py":
                continue
            texts = {
                node.value
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
            if texts & (BY_KEY.keys() - {UNKNOWN.key, "suspended"}):
                found.add(path)

    assert found == OTHER_WORDS.keys()


@pytest.mark.parametrize("key", sorted(NOT_KEPT))
def test_what_is_no_reason_of_a_mailbox_is_in_no_row(key: str) -> None:
    assert key not in BY_KEY
    assert key not in dict(Logon._meta.get_field("reason").flatchoices)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.key)
def test_a_row_of_the_history_keeps_each_and_lists_it_in_words(
    refusal: Refusal,
) -> None:
    decision = dovecotlog.parse_line(line(reason=refusal.key).rstrip("\n"))

    assert decision is not None
    assert decision.reason == refusal.key
    assert dict(Logon._meta.get_field("reason").flatchoices)[refusal.key]
    assert describe(refusal.key) == refusal.label
    with translation.override("de"):
        assert describe(refusal.key) != refusal.key


def test_a_reason_of_a_later_version_is_shown_as_it_is() -> None:
    assert describe("not-yet-thought-of") == "not-yet-thought-of"
    assert get_refusal("not-yet-thought-of").help == UNKNOWN.help


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.key)
def test_each_reason_says_why_what_to_do_where_and_what_to_answer(
    refusal: Refusal, language: str
) -> None:
    said = refusal.help
    source = [text_in("en", each) for each in (said.cause, said.remedy, said.answer)]
    texts = [text_in(language, each) for each in (said.cause, said.remedy, said.answer)]

    assert said.fixes
    for text, english in zip(texts, source, strict=True):
        assert text[-1] in ".\u3002" or text.endswith("%(page)s")
        assert text.count("%(page)s") == english.count("%(page)s")
        assert (text == english) is (language == "en")
    assert len({*texts, refusal.key}) == 4


def text_in(language: str, text: object) -> str:
    with translation.override(language):
        return str(text)


def test_a_right_password_that_is_refused_is_told_why_unless_nobody_is_let_in() -> None:
    views = given_by_view("mail_logon") | given_by_view("mail_web_logon")
    by_network = {NETWORK_NOT_ALLOWED.key, OUT_OF_SCOPE.key}

    told = {each.key for each in REFUSALS if each.notice}

    assert told == (views | by_network) - {DISABLED.key}


@pytest.mark.django_db
def test_each_sentence_for_mail_programs_is_where_the_view_finds_it() -> None:
    sentences.store()

    told = [each for each in REFUSALS if each.notice]
    assert {*MailSetting.objects.values_list("name", flat=True)} == {
        f"notice:{each.key}:{language}"
        for each in told
        for language, _name in settings.LANGUAGES
    }
    assert all("%(page)s" in each.notice for each in told)


@pytest.mark.parametrize("refusal", CHECKED_FOR_ALL, ids=lambda each: each.key)
def test_each_line_of_the_page_fails_by_its_reason_alone(refusal: Refusal) -> None:
    assert refusal.question is not None
    is_there = refusal is not NETWORK_NOT_ALLOWED
    found = Diagnosis(
        refusal=refusal.key if is_there else None,
        is_let_in_there=is_there,
        web_refusal=refusal.key,
        has_web_password=True,
        passwords=[],
    )

    bad = [each for each in why.list_checks(found) if each.is_good is False]

    assert [each.answer for each in bad] == [refusal.question.bad_answer]
    assert bad[0].question == refusal.question.text


def test_a_reason_with_a_question_is_asked_about() -> None:
    assert {each for each in REFUSALS if each.question} == {*CHECKED_FOR_ALL}


@pytest.mark.parametrize(
    "refusal",
    [each for each in REFUSALS if each.policy_setting],
    ids=lambda each: each.key,
)
def test_the_setting_that_gives_a_reason_is_blamed(refusal: Refusal) -> None:
    lockout = Lockout(protocols=[], reasons={refusal.key})

    assert refusal.policy_setting in POLICY_SETTINGS
    assert (
        lockout.blamed_field(["report_only", refusal.policy_setting])
        == refusal.policy_setting
    )
