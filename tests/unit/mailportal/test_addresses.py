"""An address is found however it is typed, at every door; nothing else decides that."""

import ast
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import HttpRequest
from django.urls import reverse

from accounts import addresses, schema
from accounts.models import Account, Domain, FormerAddress
from accounts.signin import throttle
from administration.mailboxes.adding import AddressFormField
from clientpasswords.logon import decision
from provisioning import cells
from tests.factories import PASSWORD, make_account, make_domain
from tests.signedin import sign_in_verified
from tests.unit.api.conftest import client_with, make_token

ERIN = "erin@xn--mnchen-3ya.example"
DOMAIN = "xn--mnchen-3ya.example"
SPELLINGS = [
    ERIN,
    "Erin@M\u00fcnchen.example",
    "erin@M\u00dcNCHEN.example",
    "erin@m\u00fcnchen\u3002example",
    "erin@m\u00fcnchen.example.",
    " erin@m\u00fcnchen.example\u3000",
    "\uff25\uff52\uff49\uff4e\uff20m\u00fcnchen\uff0eexample",
]
# Texts in lower case that are no address: by file, what is lowered there.
LOWERED_ELSEWHERE = {
    "accounts/addresses.py": "this is the one place",
    "accounts/typed_codes.py": "letters of a recovery code",
    "administration/base/audit.py": "the name of a class",
    "api/callers.py": "the scheme of a header",
    "clientpasswords/labels.py": "the name of a device",
    "clientpasswords/passwords.py": "a letter of a password",
    "clientpasswords/setup/clients.py": "the name of a device",
    "clientpasswords/usage/dovecotlog.py": "what the script has normalised",
    "clientpasswords/views/discovery.py": "the name of a protocol",
    "mailportal/checks/hosts.py": "the name of a host",
    "mailportal/checks/mails.py": "the sender of our own mails",
    "provisioning/cells.py": "yes or no",
    "provisioning/files.py": "the names of columns",
    "provisioning/management/commands/import_accounts.py": "the names of columns",
}
APPS = (
    "accounts",
    "administration",
    "api",
    "clientpasswords",
    "gateways",
    "mailportal",
    "provisioning",
)


def files() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for file in (schema.ROOT / app).rglob("*.py"):
            yield (
                str(file.relative_to(schema.ROOT)),
                ast.parse(file.read_text()),
            )


def test_nothing_else_puts_an_address_into_lower_case() -> None:
    found = {
        path
        for path, module in files()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"lower", "casefold"}
    }

    assert found == LOWERED_ELSEWHERE.keys()


def test_every_command_that_takes_an_address_or_a_domain_is_tried_here() -> None:
    options = ("address", "--domain", "--domains", "--owner")
    taking = {
        f"{Path(path).stem} {node.value}"
        for path, module in files()
        if "/management/commands/" in path
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        for node in (call.args if call.func.attr == "add_argument" else [])
        if isinstance(node, ast.Constant) and node.value in options
    }

    assert taking - {*DOORS, EXPORT} == {"release_address --domain"}


@pytest.fixture
def erin(db: None) -> Account:
    make_domain(DOMAIN)
    return make_account(ERIN)


def out_of(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def owned(typed: str) -> bool:
    Account.objects.update(is_staff=True, is_superuser=True)
    arguments = ("token", "--scopes", "domains:read", "--owner", typed)
    return bool(out_of("make_api_token", *arguments))


def limited(typed: str) -> bool:
    arguments = ("token", "--scopes", "accounts:read", "--domains", domain_of(typed))
    return bool(out_of("make_api_token", *arguments))


def formerly_there(typed: str) -> bool:
    domain = domain_of(left_address(typed))
    return ERIN in out_of("list_former_addresses", "--domain", domain)


def domain_of(typed: str) -> str:
    return typed.strip().replace("\uff20", "@").rpartition("@")[2]


def left_address(typed: str) -> str:
    FormerAddress.objects.all().delete()
    FormerAddress.objects.create(
        address=ERIN, domain=DOMAIN, because=FormerAddress.Because.DELETED
    )
    return typed


def released(typed: str) -> bool:
    Account.objects.all().delete()
    out_of("release_address", left_address(typed))
    return not FormerAddress.objects.exists()


def exported(typed: str, folder: Path) -> bool:
    file = folder / f"{abs(hash(typed))}.csv"
    return "1 mailboxes" in out_of("export_accounts", str(file), "--domain", typed)


def checked(typed: str) -> bool:
    return "let in as" in out_of("check_logon", typed, "--protocol", "imap")


def status_of(path: str, typed: str) -> bool:
    program = client_with(make_token())
    return program.get(path.format(quote(typed))).status_code == 200


def listed(query: str, typed: str) -> bool:
    answer = client_with(make_token()).get(f"/api/v1/accounts?{query}={quote(typed)}")
    return [row["address"] for row in answer.json()["items"]] == [ERIN]


def shown(query: str, typed: str, page: str = "account") -> bool:
    operator = make_account("operator@example.com", is_staff=True, is_superuser=True)
    browser = sign_in_verified(operator)
    url = reverse(f"admin:accounts_{page}_changelist")
    answer = browser.get(url, {query: typed})
    found = answer.context["cl"].queryset
    return [str(each) for each in found] == [ERIN if page == "account" else DOMAIN]


EXPORT = "export_accounts --domain"
# By its name, each door at which somebody types an address, and whether it is found.
DOORS: dict[str, Callable[[str], bool]] = {
    "sign-in": lambda typed: (
        authenticate(HttpRequest(), username=typed, password=PASSWORD) is not None
    ),
    "the shell": lambda typed: Account.objects.filter(address=typed).exists(),
    "check_logon": lambda typed: (
        decision.decide(typed, "imap", PASSWORD, None).login_name == ERIN
    ),
    "check_logon address": checked,
    "import": lambda typed: cells.parse_address(typed) == ERIN,
    "a form of the administration": lambda typed: (
        AddressFormField().clean(typed) == ERIN
    ),
    "API": lambda typed: status_of("/api/v1/accounts/{}", typed),
    "API, its domain": lambda typed: status_of("/api/v1/domains/{}", domain_of(typed)),
    "API, those of a domain": lambda typed: listed("domain", domain_of(typed)),
    "API, by their beginning": lambda typed: listed("starts_with", typed),
    "search of mailboxes": lambda typed: shown("q", typed),
    "search of domains": lambda typed: shown("q", domain_of(typed), "domain"),
    "filter of mailboxes": lambda typed: shown("in", domain_of(typed)),
    "list_former_addresses --domain": formerly_there,
    "release_address address": released,
    "export_owner address": lambda typed: ERIN in out_of("export_owner", typed),
    "make_api_token --owner": owned,
    "make_api_token --domains": limited,
}


@pytest.mark.parametrize("door", [*DOORS, EXPORT])
@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_mailbox_is_found_at_every_door_however_its_address_is_typed(
    door: str,
    typed: str,
    erin: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
    if door == EXPORT:
        assert exported(domain_of(typed), tmp_path)
    else:
        assert DOORS[door](typed)


@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_mailbox_is_made_under_the_address_that_was_meant(
    typed: str, db: None
) -> None:
    make_domain(domain_of(typed))
    answer = client_with(make_token()).put(
        f"/api/v1/accounts/{quote(typed)}", {}, content_type="application/json"
    )

    assert answer.status_code == 201, answer.content
    assert Account.objects.get().address == ERIN
    assert Domain.objects.get().name == DOMAIN


def test_every_way_to_write_a_name_spends_the_same_budget(erin: Account) -> None:
    limits = {
        tuple(limit.key for limit in throttle._get_limits(typed, "192.0.2.1", None))
        for typed in SPELLINGS
    }

    assert len(limits) == 1


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("Erin <erin@firm.example>", "Enter the address alone"),
        ("erin", "before the @"),
        ("\u00e9rin@firm.example", "before the @"),
        ("erin smith@firm.example", "before the @"),
        ("erin~1@firm.example", "before the @"),
        ("erin@firm", "after the @"),
        ("erin@firm example.com", "after the @"),
        ("erin@xn--.example\u2603", "after the @"),
    ],
)
def test_what_is_wrong_with_an_address_is_named(typed: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        addresses.validate(addresses.normalise(typed))
    with pytest.raises(ValueError, match=wrong):
        cells.parse_address(typed)
    with pytest.raises(ValidationError, match=wrong):
        AddressFormField().clean(typed)
