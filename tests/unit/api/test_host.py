"""Domains and policies over the API, and the page that tells what there is."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import Cutoff, Domain, Policy, SecurityEvent
from tests.factories import make_domain, make_logon, make_policy
from tests.unit.api.conftest import client_with, make_operator, make_token

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ANY = {"If-Match": "*"}
# How the page for people says that a part of it is in English.
IN_ENGLISH = {
    "en": "The operations and most fields are described in English.",
    "de": "Die Vorgänge und die meisten Felder sind auf Englisch beschrieben.",
    "zh-hans": "各操作和大部分字段的说明为英文。",
    "zh-hant": "各操作和大部分欄位的說明為英文。",
}


def put(program: Client, place: str, body: Any, headers: Any = None) -> Any:
    return program.put(
        f"/api/v1/{place}",
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def test_a_domain_is_made_with_a_policy(program: Client) -> None:
    response = put(
        program, "domains/New.example", {"policy": "Standard", "reason": "sold"}
    )

    assert response.status_code == 201
    assert response.json() == {"name": "new.example", "policy": "Standard"}
    event = SecurityEvent.objects.get(kind="domain-created")
    assert (event.actor, event.reason) == ("sync (API token)", "sold")
    assert event.domain == "new.example"


def test_a_domain_gets_another_policy_and_its_sessions_are_looked_at(
    program: Client, firm: Domain
) -> None:
    make_policy("Strict", client_passwords_required=True)
    seen = program.get("/api/v1/domains/firm.example")["ETag"]

    blind = put(program, "domains/firm.example", {"policy": "Strict"})
    done = put(
        program, "domains/firm.example", {"policy": "Strict"}, {"If-Match": seen}
    )
    late = put(
        program, "domains/firm.example", {"policy": "Standard"}, {"If-Match": seen}
    )

    assert [each.status_code for each in (blind, done, late)] == [428, 200, 412]
    firm.refresh_from_db()
    assert firm.policy.name == "Strict"
    assert Cutoff.objects.get().login_mask == "*@firm.example*"
    event = SecurityEvent.objects.get(kind="domain-changed")
    assert event.detail["changed"] == {"policy": ["Standard", "Strict"]}


@pytest.mark.parametrize(
    ("name", "policy", "pointer"),
    [("new.example", "Nope", "/policy"), ("new_example", "Standard", "")],
)
def test_a_domain_that_cannot_be_is_not_made(
    program: Client, name: str, policy: str, pointer: str
) -> None:
    response = put(program, f"domains/{name}", {"policy": policy})

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer
    assert Domain.objects.count() == 1


@pytest.mark.parametrize("name", ["firm.example", "new.example"])
@pytest.mark.parametrize("owned", [True, False])
def test_a_policy_of_another_domain_is_refused_at_the_field(
    firm: Domain, name: str, *, owned: bool
) -> None:
    owner = make_operator("admin@firm.example")
    make_logon(owner)
    program = client_with(make_token(owner=owner if owned else None))
    make_policy("Theirs", domain=make_domain("other.example"))

    response = put(program, f"domains/{name}", {"policy": "Theirs"}, ANY)

    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"pointer": "/policy", "detail": "This policy belongs to another domain."}
    ]
    firm.refresh_from_db()
    assert firm.policy.name == "Standard"
    assert not Domain.objects.filter(name="new.example").exists()


def test_a_policy_is_made_and_changed_and_brings_its_sessions_under_it(
    program: Client,
) -> None:
    place = "policies/Sales / 2"
    made = put(program, place, {"pop3": False, "reason": "old programs"})
    assert made.status_code == 201
    assert made.json()["pop3"] is False
    assert made.json()["imap"] is True
    assert not Cutoff.objects.exists()

    changed = put(program, place, {"smtp": False}, {"If-Match": made["ETag"]})

    assert changed.status_code == 200
    policy = Policy.objects.get(name="Sales / 2")
    assert (policy.pop3, policy.smtp) == (True, False)
    assert Cutoff.objects.get().login_mask == "*"
    event = SecurityEvent.objects.get(kind="policy-changed")
    assert event.detail == {
        "policy": "Sales / 2",
        "changed": {"pop3": ["no", "yes"], "smtp": ["yes", "no"]},
    }
    assert event.actor == "sync (API token)"


def test_patch_changes_of_a_policy_what_is_sent(program: Client) -> None:
    make_policy("Strict", pop3=False)

    response = program.patch(
        "/api/v1/policies/Strict",
        json.dumps({"smtp": False}),
        content_type="application/json",
        headers=ANY,
    )

    assert response.status_code == 200
    policy = Policy.objects.get(name="Strict")
    assert (policy.imap, policy.pop3, policy.smtp) == (True, False, False)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"max_client_passwords": 0}, "/max_client_passwords"),
        ({"max_client_passwords": 51}, "/max_client_passwords"),
        ({"imap": None}, "/imap"),
        ({"imap": "perhaps"}, "/imap"),
        ({"imapp": True}, "/imapp"),
        ({"required_from": "soon"}, "/required_from"),
    ],
)
def test_a_policy_that_cannot_be_is_not_written(
    program: Client, body: Any, pointer: str
) -> None:
    before = list(Policy.objects.values())

    for place in ("policies/Standard", "policies/New"):
        response = put(program, place, body, ANY)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer

    assert list(Policy.objects.values()) == before


def test_what_is_not_there_is_not_found(program: Client) -> None:
    for place in ("domains/nowhere.example", "policies/Nope", "accounts/x@y.example"):
        response = program.get(f"/api/v1/{place}")
        assert response.status_code == 404
        assert response.json()["detail"].startswith("There is no such ")


def test_a_token_of_some_domains_may_read_policies_and_write_none(
    branch: Client,
) -> None:
    assert branch.get("/api/v1/policies").status_code == 200
    assert put(branch, "policies/Standard", {}, ANY).status_code == 403
    assert put(branch, "domains/firm.example", {"policy": "x"}, ANY).status_code == 403
    names = [each["name"] for each in branch.get("/api/v1/domains").json()["items"]]
    assert names == ["firm.example"]


# --- what there is --------------------------------------------------------------------


def test_the_schema_names_every_operation_its_scope_and_no_secret(
    client: Client, db: None
) -> None:
    schema = client.get("/api/v1/openapi.json").json()

    assert schema["openapi"].startswith("3.1")
    operations = [each for place in schema["paths"].values() for each in place.values()]
    assert all(each["x-scope"] and each["security"] for each in operations)
    fields = {
        name
        for each in schema["components"]["schemas"].values()
        for name in each.get("properties", {})
    }
    assert fields.isdisjoint({"password", "hash", "secret", "selector", "digest"})


def test_the_page_for_people_shows_them_all_from_here_alone(
    client: Client, db: None
) -> None:
    schema = client.get("/api/v1/openapi.json").json()

    page = client.get("/help/api/")

    assert page.status_code == 200
    text = page.content.decode()
    for place, methods in schema["paths"].items():
        for method in methods:
            assert f"{method.upper()} {place}" in text
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "<script>" not in text
    assert "style=" not in text


@pytest.mark.parametrize(("language", "says"), IN_ENGLISH.items())
def test_what_is_in_english_is_marked_and_said(
    client: Client, db: None, language: str, says: str
) -> None:
    schema = client.get("/api/v1/openapi.json").json()

    page = client.get("/help/api/", headers={"Accept-Language": language})

    text = page.content.decode()
    assert f'<html lang="{language}"' in text
    assert (says in text) is (language != "en")
    marked = {
        unescape(re.sub("<[^>]+>", "", each)).strip()
        for each in re.findall(r'<(?:p|dd) lang="en" dir="ltr">(.*?)</(?:p|dd)>', text)
    }
    for place in schema["paths"].values():
        for operation in place.values():
            assert re.sub("\n", "", operation["description"]).strip() in marked
    headers = {"Accept-Language": language}
    shown = client.get("/api/v1/openapi.json", headers=headers).json()
    for name, shape in schema["components"]["schemas"].items():
        for key, field in shape["properties"].items():
            words = field.get("description") or field.get("title", "")
            there = shown["components"]["schemas"][name]["properties"][key]
            is_english = words == (there.get("description") or there.get("title", ""))
            is_marked = any(each.startswith(f"{words} (") for each in marked)
            assert is_english == is_marked, words


def test_the_description_says_what_leaving_a_field_out_of_a_put_may_open() -> None:
    schema = Client().get("/api/v1/openapi.json").json()
    fields = schema["components"]["schemas"]["AccountSent"]["properties"]

    assert "default" not in fields["active"]
    for name in ("active", "policy", "policy_until"):
        assert "Left out" in fields[name]["description"]
