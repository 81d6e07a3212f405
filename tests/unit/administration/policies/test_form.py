"""The form of a policy says what its settings come to, and where it is used."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Account, Policy
from administration.policies import form
from tests.factories import make_policy
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import queries_of, save_policy

SOON = timezone.now() + timedelta(days=9)
REQUIRED: dict[str, Any] = {"client_passwords_required": True}
CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["open", "chosen"]),
    ({"third_party_logon": False, **REQUIRED}, ["closed"]),
    ({"imap": False, "pop3": False, "smtp": False}, ["closed"]),
    (REQUIRED, ["open", "required"]),
    (REQUIRED | {"client_networks": "192.0.2.0/24"}, ["open", "networks", "required"]),
    (REQUIRED | {"report_only": True}, ["open", "report"]),
    (REQUIRED | {"required_from": SOON}, ["open", "announced"]),
    (
        REQUIRED | {"required_from": SOON - timedelta(days=30)},
        ["open", "required"],
    ),
]


def page_of(policy: Policy) -> str:
    return reverse("admin:accounts_policy_change", args=[policy.pk])


@pytest.mark.parametrize(("says", "expected"), CASES)
def test_the_result_is_said_in_sentences(
    administrator: Client, says: dict[str, Any], expected: list[str]
) -> None:
    page = administrator.get(page_of(make_policy("Own", **says)))

    result = page.context["result"]
    for key, text in form.RESULTS.items():
        start = str(text).partition("{")[0]
        assert (start in result) is (key in expected), key
    assert result in page.text


def test_each_sentence_comes_from_some_settings() -> None:
    assert set(form.RESULTS) == {key for _says, keys in CASES for key in keys}


@pytest.mark.parametrize("code", [code for code, _name in settings.LANGUAGES[1:]])
def test_each_sentence_and_preset_is_in_each_language(code: str) -> None:
    texts = [*form.RESULTS.values(), *(each.name for each in form.PRESETS)]
    english = [str(text) for text in texts]

    with translation.override(code):
        assert not [text for text in texts if str(text) in english]


def test_presets_set_settings_that_a_policy_has() -> None:
    for preset in form.PRESETS:
        assert set(json.loads(preset.as_json)) <= set(Policy().settings)


@pytest.mark.parametrize(
    "typed",
    [
        {"report_only": "on"},
        {"required_from_0": "2030-01-01", "required_from_1": "00:00"},
    ],
)
def test_what_needs_a_requirement_is_refused_without_one(
    administrator: Client, alice: Account, typed: dict[str, str]
) -> None:
    policy = make_policy("Own")

    refused = save_policy(administrator, policy, **typed)
    (name,) = refused.context["adminform"].form.errors
    saved = save_policy(administrator, policy, **typed, client_passwords_required="on")

    assert next(iter(typed)).startswith(name)
    assert "This needs “Security passwords required”." in refused.text
    assert saved.status_code == 302


def test_the_page_names_what_uses_the_policy(
    administrator: Client, alice: Account
) -> None:
    policy = make_policy("Own")
    assert "Nothing uses this policy yet." in administrator.get(page_of(policy)).text
    for number in range(12):
        alice.domain.departments.create(name=f"Team {number:02}", policy=policy)
    Account.objects.filter(pk=alice.pk).update(policy=policy)

    page = administrator.get(page_of(policy))

    kinds = {name: (len(links), more) for name, links, more in page.context["users"]}
    assert kinds == {"Departments": (10, True), "Mailboxes": (1, False)}
    assert "Mailboxes with this policy:" in page.text
    assert len(queries_of(administrator, page_of(policy))) <= MOST_QUERIES


def test_a_new_policy_says_what_it_comes_to(administrator: Client) -> None:
    page = administrator.get(reverse("admin:accounts_policy_add"))

    assert page.context["result"].startswith("Mail programs connect by IMAP")


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_its_sentences_are_joined_as_each_language_is_written(language: str) -> None:
    policy = Policy(client_networks="192.0.2.0/24", **REQUIRED)

    with translation.override(language):
        result = str(form.describe_result(policy))

    is_chinese = language.startswith("zh")
    assert result == result.strip()
    assert ("。 " in result, ". " in result) == (False, not is_chinese)
    assert result.count("。" if is_chinese else ".") >= 3
