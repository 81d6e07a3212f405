"""Mailboxes over the API: kept in step, and never changed unseen; what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.hashing import schemes
from accounts.models import Account, Cutoff, Department, Domain, SecurityEvent
from clientpasswords.setup import links
from tests.factories import make_account, make_client_password, make_domain, make_policy
from tests.takenover import HASHES
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ACCOUNTS, ANY, ERIN, send
from tests.unit.support import HOME, code_for

pytestmark = pytest.mark.django_db


# --- looked at ------------------------------------------------------------------------


def test_a_mailbox_is_shown_without_anything_secret(
    program: Client, erin: Account
) -> None:
    Account.objects.update(password=schemes.convert_to_django(HASHES["SSHA256"]))
    row, secret = make_client_password(erin)

    shown = program.get(ERIN)
    listed = program.get(ACCOUNTS)
    passwords = program.get(f"{ERIN}/client-passwords")

    assert shown.json() == {
        "address": "erin@firm.example",
        "name": "Erin",
        "domain": "firm.example",
        "department": None,
        "language": "",
        "phone": "+12025550123",
        "active": True,
        "policy": None,
        "policy_until": None,
        "administrator": False,
    }
    assert passwords.json()[0]["label"] == "Phone"
    for response in (shown, listed, passwords):
        text = response.content.decode()
        for hidden in (secret, row.hash, row.selector, HASHES["SSHA256"][9:]):
            assert hidden not in text


def test_pages_are_bounded_and_lead_on(program: Client, firm: Domain) -> None:
    for number in range(7):
        make_account(f"user{number}@firm.example")
    make_account("z@other.example")

    seen, after = [], ""
    while after is not None:
        page = program.get(
            f"{ACCOUNTS}?domain=FIRM.example&limit=3&after={after}"
        ).json()
        assert len(page["items"]) <= 3
        seen += [each["address"] for each in page["items"]]
        after = page["next"]

    assert seen == [f"user{number}@firm.example" for number in range(7)]
    assert program.get(f"{ACCOUNTS}?starts_with=USER3").json()["items"][0]["name"] == ""
    for limit in ("0", "201", "many"):
        response = program.get(f"{ACCOUNTS}?limit={limit}")
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/limit"


def test_a_page_costs_eight_queries_whatever_its_length(
    program: Client, branch: Client, firm: Domain
) -> None:
    account = make_account("user@firm.example")
    for number in range(49):
        account = make_account(
            f"user{number}@firm.example", phone=f"+120255501{number:02}"
        )
        Account.objects.filter(pk=account.pk).update(
            department=Department.objects.create(domain=firm, name=str(number)),
            policy=make_policy(f"Policy {number}"),
        )
    make_client_password(account)
    places = [ACCOUNTS, "/api/v1/domains", "/api/v1/policies"]

    for client in (program, branch):
        for place in (*places, f"{ACCOUNTS}/{account.address}/client-passwords"):
            with CaptureQueriesContext(connection) as queries:
                response = client.get(f"{place}?limit=200")
            asked = [each["sql"] for each in queries if "SELECT" in each["sql"]]
            assert response.status_code == 200
            assert len(asked) <= 8


# --- made and changed -----------------------------------------------------------------


def test_put_makes_a_mailbox_without_a_password(program: Client, firm: Domain) -> None:
    Department.objects.create(domain=firm, name="Sales")
    wanted = {
        "name": "Erin",
        "department": "Sales",
        "language": "de",
        "phone": "+12025550123",
        "active": True,
        "policy": "Standard",
        "policy_until": "2099-01-01T00:00:00+00:00",
        "reason": "hired",
    }

    response = send(program, "PUT", ERIN.replace("erin", "Erin"), wanted)

    assert response.status_code == 201
    assert response["ETag"] == program.get(ERIN)["ETag"]
    made = Account.objects.get()
    assert (made.name, made.phone.number) == ("Erin", "+12025550123")
    assert str(made.department) == "Sales (firm.example)"
    assert not made.has_usable_password()
    event = SecurityEvent.objects.get(kind="mailbox-created")
    assert (event.actor, event.reason) == ("sync (API token)", "hired")
    assert event.network_address == "127.0.0.1"
    assert "2025550" not in str(event.detail)


def test_put_again_changes_nothing_and_tells_nobody(
    program: Client, firm: Domain
) -> None:
    send(program, "PUT", ERIN, {"name": "Erin"})
    before = list(Account.objects.values())
    events = SecurityEvent.objects.count()

    response = send(program, "PUT", ERIN, {"name": "Erin"}, ANY)

    assert response.status_code == 200
    assert list(Account.objects.values()) == before
    assert SecurityEvent.objects.count() == events


def test_put_brings_all_fields_and_patch_those_that_are_sent(
    program: Client, erin: Account
) -> None:
    patched = send(program, "PATCH", ERIN, {"language": "de"}, ANY).json()
    assert (patched["language"], patched["name"]) == ("de", "Erin")
    assert patched["phone"] == "+12025550123"

    put = send(program, "PUT", ERIN, {"name": "E."}, ANY).json()

    assert (put["name"], put["language"], put["phone"]) == ("E.", "", None)


def test_put_without_active_lets_nobody_in_who_was_offboarded(
    program: Client, erin: Account
) -> None:
    send(program, "POST", f"{ERIN}/off-board", {"reason": "left"})

    kept = send(program, "PUT", ERIN, {"name": "Erin"}, ANY)
    again = send(program, "PUT", ERIN, {"name": "Erin", "active": True}, ANY)
    still = send(program, "PUT", ERIN, {"name": "E."}, ANY)
    new = send(program, "PUT", ERIN.replace("erin", "new"), {})

    answers = [each.json()["active"] for each in (kept, again, still, new)]
    assert answers == [False, True, True, True]


def test_no_update_is_lost(program: Client, erin: Account) -> None:
    seen = program.get(ERIN)["ETag"]
    assert send(program, "PATCH", ERIN, {"name": "One"}, {"If-Match": seen})

    late = send(program, "PATCH", ERIN, {"name": "Two"}, {"If-Match": seen})
    blind = send(program, "PATCH", ERIN, {"name": "Two"})
    put = send(program, "PUT", ERIN, {"name": "Two"})

    assert (late.status_code, blind.status_code, put.status_code) == (412, 428, 428)
    assert late["ETag"] == program.get(ERIN)["ETag"]
    assert Account.objects.get().name == "One"
    again = send(program, "PATCH", ERIN, {"name": "Two"}, {"If-Match": late["ETag"]})
    assert again.status_code == 200


def test_what_loses_its_right_is_cut_off(program: Client, erin: Account) -> None:
    send(program, "PATCH", ERIN, {"name": "E."}, ANY)
    assert not Cutoff.objects.exists()

    send(program, "PATCH", ERIN, {"active": False}, ANY)

    order = Cutoff.objects.get()
    assert (order.login_mask, order.is_review) == ("erin@firm.example*", True)
    erin.refresh_from_db()
    assert not erin.is_active


def test_offboarding_takes_everything_and_can_be_repeated(
    program: Client, erin: Account
) -> None:
    make_client_password(erin)

    first = send(program, "POST", f"{ERIN}/off-board", {"reason": "left"})
    orders = Cutoff.objects.count()
    second = send(program, "POST", f"{ERIN}/off-board", {})

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["active"] is False
    assert not erin.client_passwords.live().exists()
    event = SecurityEvent.objects.get(kind="off-boarded")
    assert (event.actor, event.reason) == ("sync (API token)", "left")
    assert orders == Cutoff.objects.count() > 0


def test_security_passwords_are_revoked_and_their_sessions_end(
    program: Client, erin: Account
) -> None:
    phone, _ = make_client_password(erin)
    make_client_password(erin, "Laptop")
    make_client_password(erin, "Tablet")

    one = program.delete(f"{ERIN}/client-passwords/{phone.pk}")
    same = program.delete(f"{ERIN}/client-passwords/{phone.pk}")
    left = [each["label"] for each in program.get(f"{ERIN}/client-passwords").json()]
    rest = program.delete(f"{ERIN}/client-passwords")

    assert [each.json()["revoked"] for each in (one, same, rest)] == [1, 0, 2]
    assert sorted(left) == ["Laptop", "Tablet"]
    assert Cutoff.objects.filter(login_mask=phone.login_name).exists()
    actors = SecurityEvent.objects.filter(kind="revoked").values_list("actor")
    assert set(actors) == {("sync (API token)",)}
    assert program.get(f"{ERIN}/client-passwords").json() == []


def test_with_all_security_passwords_a_link_that_is_out_ends(
    program: Client, erin: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    offer = links.offer(erin, code=code_for(erin), attempt=uuid4(), by=HOME)

    program.delete(f"{ERIN}/client-passwords")

    with pytest.raises(links.LinkGone):
        links.find(offer.token)


# --- what is refused and hidden -------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"language": "fr"}, "/language"),
        ({"phone": "12"}, "/phone"),
        ({"phone": "+49 30 1234567"}, "/phone"),
        ({"phone": "+1 202 555 0123 ext. 9"}, "/phone"),
        ({"policy": "Nope"}, "/policy"),
        ({"policy": "Theirs"}, "/policy"),
        ({"department": "Nope"}, "/department"),
        ({"policy_until": "2099-01-01T00:00:00Z"}, "/policy_until"),
        ({"policy_until": "2099-01-01T00:00:00"}, "/policy_until"),
        ({"policy_until": "2099-01-01"}, "/policy_until"),
        ({"policy_until": 4070908800}, "/policy_until"),
        ({"policy_until": "0001-01-01T00:00:00+01:00"}, "/policy_until"),
        ({"policy_until": "9999-12-31T23:59:59-01:00"}, "/policy_until"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": None}, "/name"),
        ({"active": "perhaps"}, "/active"),
        ({"password": "{PLAIN}sesame"}, "/password"),
        ({"is_staff": True}, "/is_staff"),
        ({"reason": "x" * 301}, "/reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_changes(
    program: Client, erin: Account, body: Any, pointer: str
) -> None:
    make_policy("Theirs", domain=make_domain("other.example"))
    before = list(Account.objects.values())

    response = send(program, "PATCH", ERIN, {"language": "de", **body}, ANY)

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422
    assert problem["detail"].endswith("Nothing was changed.")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert "sesame" not in response.content.decode()
    assert list(Account.objects.values()) == before
    assert not SecurityEvent.objects.filter(kind="mailbox-changed").exists()


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', '{"name": "\ud800"}'])
def test_what_is_no_json_object_is_refused(
    program: Client, erin: Account, body: str
) -> None:
    sent = body.encode(errors="surrogatepass")

    response = program.generic(
        "PATCH", ERIN, sent, content_type="application/json", headers=ANY
    )

    assert response.status_code in {400, 422}
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["erin", "e*n@firm.example", "e~1@firm.example"])
def test_what_is_no_address_is_made_by_nobody(program: Client, name: str) -> None:
    response = send(program, "PUT", f"{ACCOUNTS}/{name}", {})

    assert response.status_code in {404, 422}
    assert not Account.objects.exists()


def test_an_administrators_mailbox_is_none_of_a_programs_business(
    program: Client, firm: Domain
) -> None:
    admin = make_account("admin@firm.example", is_staff=True)
    make_client_password(admin)
    place = f"{ACCOUNTS}/{admin.address}"

    answers = [
        send(program, "PATCH", place, {"phone": "+12025550199"}, ANY),
        send(program, "PUT", place, {"active": False}, ANY),
        send(program, "POST", f"{place}/off-board", {}),
        program.delete(f"{place}/client-passwords"),
        program.delete(f"{place}/client-passwords/1"),
    ]

    assert {each.status_code for each in answers} == {403}
    assert Account.objects.get().is_active
    assert admin.client_passwords.live().exists()


def test_a_token_of_some_domains_sees_no_others(
    branch: Client, program: Client, erin: Account
) -> None:
    other = make_account("olga@other.example")
    row, _secret = make_client_password(other)
    place = f"{ACCOUNTS}/{other.address}"

    listed = branch.get(ACCOUNTS).json()["items"]
    answers = [
        branch.get(place),
        send(branch, "PUT", place, {}, ANY),
        send(branch, "PUT", f"{ACCOUNTS}/new@other.example", {}),
        send(branch, "PATCH", place, {}, ANY),
        send(branch, "POST", f"{place}/off-board", {}),
        branch.get(f"{place}/client-passwords"),
        branch.delete(f"{place}/client-passwords"),
        branch.delete(f"{place}/client-passwords/{row.pk}"),
        branch.delete(f"{ERIN}/client-passwords/{row.pk}"),
        branch.get("/api/v1/domains/other.example"),
    ]

    assert [each["address"] for each in listed] == [erin.address]
    assert branch.get(f"{ACCOUNTS}?domain=other.example").json()["items"] == []
    assert {each.status_code for each in answers} == {404}
    unknown = send(branch, "PUT", f"{ACCOUNTS}/new@nowhere.example", {})
    assert unknown.json() == answers[2].json()
    assert other.client_passwords.live().exists()
    assert Account.objects.count() == 2
    assert program.get(place).status_code == 200


def test_a_token_whose_domains_are_gone_sees_nothing(firm: Domain) -> None:
    gone = Domain.objects.create(name="gone.example", policy=firm.policy)
    make_account("erin@firm.example")
    left = client_with(make_token("left", domains=[gone]))
    gone.delete()

    assert left.get(ACCOUNTS).json()["items"] == []
    assert left.get(ERIN).status_code == 404


@pytest.mark.parametrize(
    ("method", "place", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/v1/", 404),
        ("POST", ACCOUNTS, 405),
        ("DELETE", ERIN, 404),
        ("GET", f"{ACCOUNTS}/a%00b", 404),
        ("GET", f"{ACCOUNTS}?after=%00", 422),
    ],
)
def test_refusals_of_every_kind_are_problems(
    program: Client, method: str, place: str, status: int
) -> None:
    response = program.generic(method, place)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]
