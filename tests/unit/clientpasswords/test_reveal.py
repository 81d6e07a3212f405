"""*Next*: the answer to the right code is the password, once."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from time_machine import Traveller

from accounts.models import Account, Phone
from clientpasswords import passwords
from clientpasswords.logon import decision
from gateways import sms
from tests.factories import make_client_password
from tests.signedin import sign_in_with_password
from tests.unit.clientpasswords.refusals import assert_says
from tests.unit.support import other_than, press_get_code, press_next, revealed_by

pytestmark = pytest.mark.usefixtures("client_passwords_on")

NEW = "/settings/account-security/security-passwords/new/"


def failures() -> int:
    return Phone.objects.get().throttling_failure_count


def test_the_right_code_shows_the_password(browser: Client, alice: Account) -> None:
    response = press_next(browser, press_get_code(browser))

    secret = revealed_by(response)
    assert response.status_code == 200
    assert passwords.could_be_one(secret)
    verdict = decision.decide(alice.address, "imap", secret, None)
    assert verdict.login_name == alice.client_passwords.get().login_name


def test_the_password_is_shown_in_four_groups_parted_by_nothing(
    browser: Client,
) -> None:
    response = press_next(browser, press_get_code(browser))

    page = response.content.decode()
    (shown,) = re.findall(r'<output[^>]* id="password"[^>]*>(.*?)</output>', page)
    groups = re.fullmatch(r"(<span>[a-z2-9]{4}</span>){4}", shown)
    assert groups is not None


def test_the_password_is_once_in_the_answer_and_in_no_field(browser: Client) -> None:
    response = press_next(browser, press_get_code(browser))

    page = response.content.decode()
    secret = revealed_by(response)
    first = passwords.groups(secret)[0]
    assert page.count(f"<span>{first}</span>") == 1
    assert secret not in page
    assert not [tag for tag in re.findall(r"<input[^>]*>", page) if first in tag]
    assert not [tag for tag in re.findall(r"<[^>]*>", page) if first in tag]


def test_the_answer_is_kept_nowhere(browser: Client) -> None:
    response = press_next(browser, press_get_code(browser))

    directives = set(response["Cache-Control"].split(", "))
    assert {"no-store", "no-cache", "private", "max-age=0"} <= directives
    assert "Location" not in response


def test_no_later_answer_shows_the_password(browser: Client, alice: Account) -> None:
    secret = revealed_by(press_next(browser, press_get_code(browser)))
    pk = alice.client_passwords.get().pk

    later = [
        browser.get(reverse("clientpasswords:index")),
        browser.get(reverse("clientpasswords:new")),
        browser.get(reverse("clientpasswords:delete", args=[pk])),
        browser.get(reverse("home")),
        browser.post(reverse("clientpasswords:name", args=[pk]), {"label": "x"}),
        browser.get(reverse("clientpasswords:index")),
    ]

    for response in later:
        text = re.sub(r"<[^>]+>|\s", "", response.content.decode())
        assert secret not in text
        assert passwords.groups(secret)[0] not in text


def test_the_same_form_again_is_told_that_it_was_shown(
    browser: Client, alice: Account
) -> None:
    attempt, code = uuid4(), press_get_code(browser)
    secret = revealed_by(press_next(browser, code, attempt))

    response = press_next(browser, code, attempt)

    page = response.content.decode()
    assert response.status_code == 409
    assert "was already shown and cannot be shown again" in page
    assert "Delete it and create a new one" in page
    assert passwords.groups(secret)[0] not in page
    assert "<output" not in page
    assert alice.client_passwords.count() == 1


def test_the_same_form_again_after_deleting_leads_to_a_new_window(
    browser: Client, alice: Account
) -> None:
    attempt, code = uuid4(), press_get_code(browser)
    press_next(browser, code, attempt)
    pk = alice.client_passwords.get().pk
    browser.post(reverse("clientpasswords:delete", args=[pk]))

    response = press_next(browser, code, attempt)

    page = browser.get(response["Location"]).content.decode()
    assert response["Location"] == NEW
    assert "was already shown and cannot be shown again" in page
    assert str(attempt) not in page
    assert alice.client_passwords.count() == 1


def test_delete_it_and_make_a_new_one_leads_back_to_the_window(
    browser: Client, alice: Account
) -> None:
    press_next(browser, press_get_code(browser))
    row = alice.client_passwords.get()

    response = browser.post(
        reverse("clientpasswords:delete", args=[row.pk]), {"then": "new"}
    )

    assert response["Location"] == NEW
    assert not alice.client_passwords.live().exists()


def test_another_form_with_a_spent_code_makes_nothing(
    browser: Client, alice: Account
) -> None:
    code = press_get_code(browser)
    press_next(browser, code)

    response = press_next(browser, code)

    assert_says(response, "no code")
    assert alice.client_passwords.count() == 1


def test_what_else_is_posted_is_ignored(browser: Client, alice: Account) -> None:
    code = press_get_code(browser)

    browser.post(
        reverse("clientpasswords:verify"),
        {
            "code": code,
            "attempt": str(uuid4()),
            "slot": "50",
            "label": "Mine",
            "selector": "0000",
            "hash": "$argon2id$mine",
            "account": "1",
            "revoked_at": "2020-01-01",
        },
    )

    row = alice.client_passwords.get()
    assert (row.slot, row.label, row.revoked_at) == (1, "My device", None)
    assert row.selector != "0000"


def test_the_new_password_has_the_name_of_the_browsers_device(alice: Account) -> None:
    browser = Client(headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19)"})
    browser.force_login(alice)
    make_client_password(alice, "My iPhone")

    response = press_next(browser, press_get_code(browser))

    assert alice.client_passwords.filter(label="My iPhone (2)").exists()
    assert 'value="My iPhone (2)"' in response.content.decode()


def test_a_code_asked_for_in_another_browser_is_refused(
    browser: Client, alice: Account
) -> None:
    other = sign_in_with_password(alice)
    code = press_get_code(browser)

    response = press_next(other, code)

    assert response.status_code == 409
    assert not alice.client_passwords.exists()
    assert failures() == 0
    assert revealed_by(press_next(browser, code))


def test_ten_devices_are_set_up_in_one_sitting(
    browser: Client, alice: Account, clock: Traveller
) -> None:
    secrets = {
        revealed_by(press_next(browser, press_get_code(browser))) for _ in range(10)
    }

    assert len(secrets) == 10
    labels = alice.client_passwords.values_list("label", flat=True)
    assert len(set(labels)) == 10
    response = browser.post(reverse("clientpasswords:code"))
    assert response.status_code == 409
    assert len(sms.outbox) == 10


@pytest.mark.parametrize(
    "typed",
    ["{a} {b}", "{a}-{b}", " {a}{b} ", "{a}\u00a0{b}"],
)
def test_blanks_and_hyphens_in_the_code_are_forgiven(
    browser: Client, typed: str
) -> None:
    code = press_get_code(browser)

    response = press_next(browser, typed.format(a=code[:3], b=code[3:]))

    assert revealed_by(response)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the code."),
        ("12345", "The code has six digits."),
        ("1234567", "The code has six digits."),
        ("12345a", "The code has six digits."),
        ("٠١٢٣٤٥", "The code has six digits."),
    ],
)
def test_what_cannot_be_a_code_is_not_tried(
    browser: Client, alice: Account, typed: str, words: str
) -> None:
    code = press_get_code(browser)

    response = press_next(browser, typed)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert failures() == 0
    assert revealed_by(press_next(browser, code))


@pytest.mark.parametrize("attempt", ["", "nonsense", "1"])
def test_a_form_without_its_attempt_makes_nothing(
    browser: Client, alice: Account, attempt: str
) -> None:
    code = press_get_code(browser)

    response = browser.post(
        reverse("clientpasswords:verify"), {"code": code, "attempt": attempt}
    )

    assert response.status_code == 422
    assert not alice.client_passwords.exists()


def test_a_wrong_code_says_how_many_tries_are_left(browser: Client) -> None:
    code = press_get_code(browser)

    response = press_next(browser, other_than(code))

    page = response.content.decode()
    assert_says(response, "wrong")
    assert "Incorrect code. 4 tries left." in page
    assert code not in page
    assert other_than(code) not in page


def test_a_code_that_has_run_out_says_so(browser: Client, clock: Traveller) -> None:
    code = press_get_code(browser)
    clock.shift(timedelta(minutes=5))

    response = press_next(browser, code)

    assert_says(response, "expired")


def test_a_try_too_soon_says_when_to_try_again(
    browser: Client, clock: Traveller
) -> None:
    code = press_get_code(browser)
    for number in range(1, 4):
        press_next(browser, other_than(code, by=number))

    response = press_next(browser, code)

    assert_says(response, "too soon", at="4")
    assert response["Retry-After"] == "4"
    assert response.context["form"]["code"].value() == code  # it was not tried
    assert 'data-cooldown="4"' in response.text


def test_a_code_that_was_tried_is_typed_anew(browser: Client) -> None:
    wrong = other_than(press_get_code(browser))

    response = press_next(browser, wrong)

    assert response.status_code == 422
    assert wrong not in response.text
