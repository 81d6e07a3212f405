"""A stolen session of an administrator makes no way in that outlives it.

Every page of the administration that takes something is in one of two tables: it asks
for the administrator's own web password, or the table says why it need not. The thief
has the session of a superuser with both steps done, and knows nothing besides.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django import Settings
from time_machine import Traveller

from accounts.events import Kind
from accounts.models import Account, Phone, RecoveryCodes
from accounts.signin import second_factor
from administration.base import audit
from administration.base.proof import ALONE, PREFIX, PROVED_AT
from administration.bulk.actions import BULK_ACTIONS, BulkAction
from clientpasswords.models import ClientPassword, SetUpLink
from provisioning.models import ApiToken
from tests.factories import PASSWORD, make_account, make_domain
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.administration.jobsteps import do
from tests.unit.administration.pages import PAGES, TABLE, address
from tests.unit.administration.rolesteps import save
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.support import at_once

pytestmark = pytest.mark.usefixtures("clock")

FIELD = f"{PREFIX}-password"
WRONG = "what a thief guesses"
OTHER = "quite another web password"


@dataclass(frozen=True)
class Desk:
    """A domain, a superuser who signed in, and a colleague with fewer rights."""

    world: World
    thief: Client
    administrator: Account
    colleague: Account


@pytest.fixture
def desk(own: World, clock: Traveller) -> Desk:
    administrator = make_administrator("superuser", own.domain)
    browser = sign_in_verified(administrator, minutes_ago=10)
    colleague = make_administrator("help", own.domain)
    make_domain("theirs.example")
    TOTPDevice.objects.create(user=own.owner, name="waits", confirmed=False)
    return Desk(own, browser, administrator, colleague)


KEY_COLUMNS: dict[type[Model], list[str]] = {
    ApiToken: ["digest", "scopes", "expires_at"],
    ClientPassword: ["hash", "suspends_at", "expires_at"],
    Phone: ["number", "held_until"],
    RecoveryCodes: ["hashes"],
    SetUpLink: ["digest", "expires_at"],
    TOTPDevice: ["key", "confirmed"],
    WebAuthnCredential: ["credential_id", "confirmed"],
}


def list_ways_in() -> set[tuple[Any, ...]]:
    """Everything that opens a mailbox or the administration; a wider way is another."""
    found: set[tuple[Any, ...]] = set()
    for account in Account.objects.all():
        key = account.pk
        found |= {("group", key, each.pk) for each in account.groups.all()}
        found |= {("right", key, each.pk) for each in account.user_permissions.all()}
        found |= {("of", key, each.pk) for each in account.domains_administered.all()}
        opens = {
            ("staff",): account.is_staff,
            ("superuser",): account.is_superuser,
            ("web password", account.address, account.password): account.is_active,
            ("web password in mail programs",): not account.client_passwords_on,
            ("web password alone",): not second_factor.is_on(account),
        }
        found |= {(*what, key) for what, is_open in opens.items() if is_open}
    for group in Group.objects.all():
        found |= {("of group", group.pk, each.pk) for each in group.permissions.all()}
    for model, columns in KEY_COLUMNS.items():
        rows = model._default_manager.values_list("pk", *columns)
        found |= {(model.__name__, *map(str, row)) for row in rows}
    return found


# --- what asks for a proof ------------------------------------------------------------


Send = Callable[[Desk, str], Any]


def page_of(row: Model) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[row.pk])


def post(page: str, **fields: Any) -> Send:
    """Post these fields to the page, with the proof."""
    return lambda desk, proof: desk.thief.post(
        address(page, desk.world), {**fields, FIELD: proof}
    )


def change(**fields: Any) -> Send:
    """Save the mailbox of a colleague with these fields."""
    return lambda desk, proof: save(
        desk.thief, desk.colleague, **{**fields, FIELD: proof}
    )


def give(field: str) -> Send:
    """Save the mailbox of a colleague with another record in this field."""

    def send(desk: Desk, proof: str) -> Any:
        given = getattr(desk.colleague, field).values("pk")
        offered = desk.thief.get(page_of(desk.colleague)).context["adminform"].form
        rows = offered.fields[field].queryset
        row = rows.exclude(pk__in=given).latest("pk")
        return save(desk.thief, desk.colleague, **{field: [row.pk], FIELD: proof})

    return send


def let_in_again(desk: Desk, proof: str) -> Any:
    Account.objects.filter(pk=desk.colleague.pk).update(is_active=False)
    return save(desk.thief, desk.colleague, is_active="on", **{FIELD: proof})


def let_the_web_password_in(desk: Desk, proof: str) -> Any:
    Account.objects.filter(pk=desk.colleague.pk).update(client_passwords_on=True)
    return save(desk.thief, desk.colleague, **{FIELD: proof})


def save_phone(**fields: Any) -> Send:
    def send(desk: Desk, proof: str) -> Any:
        phone = Phone.objects.get(account=desk.world.owner)
        data = {
            "phone-TOTAL_FORMS": "1",
            "phone-INITIAL_FORMS": "1",
            "phone-0-id": phone.pk,
            "phone-0-account": desk.world.owner.pk,
            "phone-0-number": str(phone.number),
            **fields,
        }
        return save(desk.thief, desk.world.owner, **data, **{FIELD: proof})

    return send


def add_phone(desk: Desk, proof: str) -> Any:
    data = {"phone-TOTAL_FORMS": "1", "phone-0-number": "+12025550177", FIELD: proof}
    return save(desk.thief, desk.colleague, **data)


def give_rights(page: str) -> Send:
    """Save the page of a group, which gives its members a right."""

    def send(desk: Desk, proof: str) -> Any:
        rights = Permission.objects.values_list("pk", flat=True)[:1]
        data = {"name": "Thieves", "permissions": list(rights), FIELD: proof}
        return desk.thief.post(address(page, desk.world), data)

    return send


def confirm_an_app(desk: Desk, proof: str) -> Any:
    """Make one that waits for its first code a second factor."""
    app = TOTPDevice.objects.get(user=desk.world.owner, confirmed=False)
    page = reverse("admin:otp_totp_totpdevice_change", args=[app.pk])
    numbers = ("step", "t0", "digits", "tolerance", "drift")
    data = {name: getattr(app, name) for name in numbers}
    data |= {"name": app.name, "confirmed": "on", "throttling_failure_count": 0}
    return desk.thief.post(page, {**data, FIELD: proof})


APP, PASSKEY = "otp_totp_totpdevice", "django_otp_webauthn_webauthncredential"
# Each page that asks, and what may be done there that needs it.
ASKS: dict[str, dict[str, Send]] = {
    "accounts_account_add": {
        "mailbox": post(
            "accounts_account_add", address="new@ours.example", web_password=OTHER
        ),
    },
    "accounts_account_change": {
        "is_staff": lambda desk, proof: save(
            desk.thief, desk.world.owner, is_staff="on", **{FIELD: proof}
        ),
        "is_superuser": change(is_superuser="on"),
        "address": change(address="renamed@ours.example", _confirmed="1"),
        "groups": give("groups"),
        "user_permissions": give("user_permissions"),
        "domains_administered": give("domains_administered"),
        "is_active": let_in_again,
        "client_passwords_on": let_the_web_password_in,
        "phone-number": save_phone(**{"phone-0-number": "+12025550177"}),
        "phone-held_until": save_phone(
            **{"phone-0-held_until_0": "2020-01-01", "phone-0-held_until_1": "12:00"}
        ),
        "phone": add_phone,
    },
    "auth_user_password_change": {
        "typed": post("auth_user_password_change", password1=OTHER, password2=OTHER),
        "made": post("auth_user_password_change", password1="", password2=""),
    },
    "auth_group_add": {"permissions": give_rights("auth_group_add")},
    "auth_group_change": {"permissions": give_rights("auth_group_change")},
    "provisioning_apitoken_add": {
        "token": post(
            "provisioning_apitoken_add",
            name="thief",
            scopes=["accounts:write"],
            reach="all",
        ),
    },
    f"{APP}_change": {"confirmed": confirm_an_app},
    f"{APP}_delete": {"app": post(f"{APP}_delete", post="yes")},
    f"{PASSKEY}_delete": {"passkey": post(f"{PASSKEY}_delete", post="yes")},
    "accounts_recoverycodes_delete": {
        "codes": post("accounts_recoverycodes_delete", post="yes"),
    },
}
CASES = [
    pytest.param(send, id=f"{name}-{what}")
    for name, acts in ASKS.items()
    for what, send in acts.items()
]


def is_refused(response: Any) -> bool:
    """Whether the page was shown again, with the field for the web password."""
    return response.status_code in {200, 422} and f'name="{FIELD}"' in response.text


@pytest.mark.parametrize("send", CASES)
def test_without_a_proof_no_way_in_is_made(desk: Desk, send: Send) -> None:
    before = list_ways_in()

    refused = send(desk, "")
    assert is_refused(refused)
    assert "This field is required." in refused.text
    assert list_ways_in() <= before
    assert is_refused(send(desk, ""))
    assert list_ways_in() <= before


@pytest.mark.parametrize("send", CASES)
def test_a_wrong_proof_makes_none_is_counted_and_recorded(
    desk: Desk, settings: Settings, send: Send
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 2
    send(desk, "")
    before = list_ways_in()

    answers = [send(desk, WRONG), send(desk, WRONG)]

    assert all(map(is_refused, answers))
    assert WRONG not in "".join(each.text for each in answers)
    failed = desk.administrator.security_events.filter(kind=Kind.SIGN_IN_FAILED)
    assert failed.count() == 2
    assert send(desk, PASSWORD).status_code == 429
    assert list_ways_in() == before


@pytest.mark.parametrize("send", CASES)
def test_with_a_proof_it_is_made_and_nothing_keeps_the_password(
    desk: Desk, send: Send
) -> None:
    refused = send(desk, "")
    before = list_ways_in()

    answer = send(desk, PASSWORD)

    assert is_refused(refused)
    assert answer.status_code in {200, 302}
    assert list_ways_in() != before
    assert PASSWORD not in str(dict(desk.thief.session)) + answer.text


def test_one_proof_is_enough_for_ten_minutes_of_one_session(
    desk: Desk, clock: Traveller
) -> None:
    """They do not begin anew by what is done meanwhile."""
    set_password = ASKS["auth_user_password_change"]["typed"]
    set_password(desk, PASSWORD)
    clock.shift(5 * 60)
    assert not is_refused(set_password(desk, ""))
    clock.shift(5 * 60 - 1)
    assert not is_refused(set_password(desk, ""))
    elsewhere = sign_in_verified(desk.administrator, minutes_ago=10)

    assert is_refused(set_password(replace(desk, thief=elsewhere), ""))
    clock.shift(1)
    assert is_refused(set_password(desk, ""))


def test_the_sign_in_is_enough_for_the_ten_minutes_after_it(
    desk: Desk, clock: Traveller
) -> None:
    set_password = ASKS["auth_user_password_change"]["typed"]
    signed_in = replace(desk, thief=sign_in_verified(desk.administrator))

    assert not is_refused(set_password(signed_in, ""))
    clock.shift(10 * 60 - 1)
    assert not is_refused(set_password(signed_in, ""))
    clock.shift(1)
    assert is_refused(set_password(signed_in, ""))


@pytest.mark.parametrize("name", ["accounts_account_add", "auth_user_password_change"])
def test_a_form_with_a_new_password_is_shown_after_the_proof(
    desk: Desk, name: str
) -> None:
    """Beside both kinds of password, a password manager fills in the wrong one."""
    page = address(name, desk.world)
    asking = desk.thief.get(page)
    wrong = desk.thief.post(page, {ALONE: "1", FIELD: WRONG})
    right = desk.thief.post(page, {ALONE: "1", FIELD: PASSWORD})
    form = desk.thief.get(page)

    assert (asking.status_code, wrong.status_code) == (200, 422)
    assert all(is_asked_alone(each) for each in (asking, wrong))
    assert (right.status_code, right["Location"]) == (302, page)
    assert "new-password" in form.text
    assert FIELD not in form.text


def is_asked_alone(response: Any) -> bool:
    return FIELD in response.text and "new-password" not in response.text


def test_a_proof_ends_with_its_session(desk: Desk) -> None:
    set_password = ASKS["auth_user_password_change"]["typed"]
    set_password(desk, PASSWORD)
    desk.thief.post(reverse("accounts:sign-out"))

    assert PROVED_AT not in desk.thief.session


@pytest.mark.parametrize("twice", [[PASSWORD, ""], ["", PASSWORD], [PASSWORD] * 2])
def test_what_is_sent_twice_is_taken_out_as_well(desk: Desk, twice: list[str]) -> None:
    fresh = replace(desk, thief=sign_in_verified(desk.administrator))

    answer = save(
        fresh.thief, desk.colleague, address="new@ours.example", **{FIELD: twice}
    )

    assert answer.status_code in {200, 422}
    assert "new@ours.example" in answer.text
    assert PASSWORD not in answer.text


def test_a_wrong_proof_does_not_end_one_that_is_fresh(desk: Desk) -> None:
    set_password = ASKS["auth_user_password_change"]["typed"]
    set_password(desk, PASSWORD)

    assert not is_refused(set_password(desk, WRONG))


def test_whoever_may_not_open_a_page_cannot_try_a_password_there(desk: Desk) -> None:
    half = sign_in_with_password(desk.administrator)
    guessing = replace(desk, thief=half)

    ASKS["auth_user_password_change"]["typed"](guessing, WRONG)

    failed = desk.administrator.security_events.filter(kind=Kind.SIGN_IN_FAILED)
    assert not failed.exists()


@pytest.fixture
def stolen(transactional_db: None) -> SimpleCookie:
    """The cookies of a superuser who has proved nothing lately."""
    account = make_account("super@ours.example", is_staff=True, is_superuser=True)
    return sign_in_verified(account, minutes_ago=10).cookies


def make_token(stolen: SimpleCookie, proof: str) -> int:
    data = {"name": "thief", "scopes": ["accounts:write"], "reach": "all"}
    browser = Client()
    browser.cookies = stolen
    page = reverse("admin:provisioning_apitoken_add")
    return browser.post(page, {**data, FIELD: proof}).status_code


def test_of_ten_wrong_proofs_at_once_five_are_looked_at(
    stolen: SimpleCookie, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 5
    answers = at_once(10, lambda _n: make_token(stolen, WRONG))

    assert (answers.count(422), answers.count(429)) == (5, 5)
    assert not ApiToken.objects.exists()


def test_of_four_right_ones_at_once_one_makes_the_token(stolen: SimpleCookie) -> None:
    answers = at_once(4, lambda _n: make_token(stolen, PASSWORD))

    assert answers.count(200) == 1
    assert ApiToken.objects.count() == 1


# --- what need not --------------------------------------------------------------------


LESS = "it takes something away"
POLICY = (
    "it decides what keys may do, and makes none: whoever steals a session still needs "
    "one. It is recorded, and changed back by the same page"
)
LOOKS = "it answers a question, and changes nothing"
WITHOUT_PROOF = {
    "accounts_account_changelist": "bulk actions: see below",
    "accounts_account_delete": LESS,
    "accounts_account_history": LOOKS,
    "accounts_account_try": "wrong passwords count there as they do at the sign-in",
    "accounts_account_welcome": LOOKS,
    "accounts_account_why": LOOKS,
    "accounts_department_add": POLICY,
    "accounts_department_change": POLICY,
    "accounts_department_delete": LESS,
    "accounts_domain_add": "nobody is in it; to add a mailbox asks",
    "accounts_domain_change": POLICY,
    "accounts_domain_delete": LESS,
    "accounts_formeraddress_release": "to add a mailbox with the address asks",
    "accounts_heartbeat_delete": LESS,
    "accounts_policy_add": POLICY,
    "accounts_policy_change": POLICY,
    "accounts_policy_delete": LESS,
    "accounts_policy_report": LOOKS,
    "accounts_securityevent_export": LOOKS,
    "administration_job_change": "each of its actions is below",
    "auth_group_delete": LESS,
    "clientpasswords_followedlog_delete": LESS,
    "figures": "it counts",
    "first_steps": LOOKS,
    "index": LOOKS,
    "login": "it leads to the sign-in",
    "logout": LESS,
    "password_change": "it leads to the page that asks for the old one",
    "password_change_done": "as before",
    "provisioning_apitoken_revoke": LESS,
}
# What is posted to a page, whatever it asks for.
EVERYTHING = {
    "name": "Thief",
    "address": "thief@ours.example",
    "post": "yes",
    "confirm": "1",
    "_confirmed": "1",
    "reason": "Thief",
    "nothing_left": "on",
    "protocol": "imap",
    "password": OTHER,
    "max_client_passwords": "50",
    "third_party_logon": "on",
    "imap": "on",
    "owner_sets_phone": "on",
}
# Pages of a model that only show: Django answers a POST as a GET, or refuses it.
SHOWING = ("_changelist", "_history")


def takes_posts(name: str) -> bool:
    """Whether a POST of a site operator comes to something."""
    own = TABLE[name]["operator"].split()[1]
    return own not in {"no", "nm"} and not (
        name.endswith(SHOWING) and name not in WITHOUT_PROOF
    )


def test_every_page_that_takes_something_is_in_a_table() -> None:
    taking = {name for name in PAGES if takes_posts(name)} - {"app_list"}
    tables = set(ASKS) | set(WITHOUT_PROOF)

    assert taking == tables, (
        f"{taking ^ tables}: does it make or widen a way in? Then it asks for a proof, "
        "by `opens_more` or `read_proof`, and goes into ASKS."
    )
    assert not set(ASKS) & set(WITHOUT_PROOF)


@pytest.mark.parametrize("name", WITHOUT_PROOF)
def test_what_asks_for_no_proof_makes_no_way_in(desk: Desk, name: str) -> None:
    before = list_ways_in()
    domain = {"domain": desk.world.domain.pk, "policy": desk.world.policy.pk}

    desk.thief.post(address(name, desk.world), EVERYTHING | domain)

    assert list_ways_in() <= before


@pytest.mark.parametrize("action", BULK_ACTIONS, ids=lambda action: action.name)
def test_no_bulk_action_makes_a_way_in(desk: Desk, action: BulkAction) -> None:
    """One that did would have to ask on its page, as the others here do."""
    label = f"{action.model._meta.app_label}_{action.model._meta.model_name}"
    row, rows = desk.world.rows[label], reverse(f"admin:{label}_changelist")
    before = list_ways_in()

    asked: dict[str, Any] = {"policy": desk.world.policy.pk, "imap": "on"}
    done = do(desk.thief, action.name, [row], page=rows, **asked)

    assert done.ended_at is not None
    assert list_ways_in() <= before


RULES = "it says which policy binds: see the pages of policies"
NAMES = "what it is called; it opens nothing"
# Of a record that is changed on a page that asks: each field that may be changed.
FIELDS_WITHOUT_PROOF: dict[type[Model], dict[str, str]] = {
    Account: {
        "name": NAMES,
        "language": NAMES,
        "domain": RULES,
        "department": RULES,
        "policy": RULES,
        "policy_until": RULES,
        "policy_reason": NAMES,
        "password": "the hash, which is not shown; the form leaves it as it is",
    },
    Group: {"name": NAMES},
}


@pytest.mark.parametrize("model", FIELDS_WITHOUT_PROOF)
def test_every_field_of_such_a_page_is_in_a_table(
    desk: Desk, model: type[Model]
) -> None:
    row = desk.colleague if model is Account else desk.world.rows["auth_group"]
    page = desk.thief.get(page_of(row))
    fields = set(page.context["adminform"].form.fields) - audit.OWN_FIELDS

    acts = ASKS[f"{model._meta.app_label}_{model._meta.model_name}_change"]
    asking = {name for name in acts if not name.startswith("phone")}
    assert fields == asking | set(FIELDS_WITHOUT_PROOF[model])
