"""Whatever gives a mailbox an address refuses one that another has left.

The places in the code that do so are found in the code: a new one fails here until it
is listed with a way through it.
"""

import ast
import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Domain, FormerAddress, SecurityEvent
from mailportal.management.commands.seed_demo import ADMINISTRATOR, DEMO_PEOPLE
from provisioning import plans
from tests.databases import APPS, ROOT
from tests.factories import make_account, make_domain, make_policy
from tests.unit.administration.steps import save_account
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ACCOUNTS, send
from tests.unit.provisioning.importing import run

OLD = "alice@example.com"
SENTENCE = "A mailbox had this address until "
PAGE = "under “Former addresses” in the administration, or on the portal's host with: "
COMMAND = f"{PAGE}deploy/manage release_address {OLD}"
WRITING = {
    "create",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
    "acreate",
    "aget_or_create",
    "aupdate_or_create",
    "abulk_create",
    "update",
}


@dataclass
class Walk:
    """What a test of one way has at hand."""

    browser: Client
    file: Path
    other: Account


def by_the_page_that_adds(walk: Walk) -> str:
    data = {"address": OLD, "without_password": "on"}
    answer = walk.browser.post(reverse("admin:accounts_account_add"), data)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def by_the_page_of_another(walk: Walk) -> str:
    answer = save_account(walk.browser, walk.other, address=OLD, _confirmed="1")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def by_an_import(walk: Walk) -> str:
    return run(walk.file, f"{OLD},Alice,,,,,,,", skip_refused=True)


def by_an_import_of_a_passwd_file(walk: Walk) -> str:
    hashed = "{SSHA256}" + "A" * 47 + "="
    line = f"{OLD}:{hashed}"
    return run(walk.file, header=line, format="passwd", skip_refused=True)


def by_the_api(walk: Walk) -> str:
    program = client_with(make_token())
    answer = send(program, "PUT", f"{ACCOUNTS}/{OLD}", {"name": "Alice"})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == ""
    return str(fault["detail"])


def by_createsuperuser(walk: Walk) -> str:
    with pytest.raises(CommandError) as refused:
        call_command("createsuperuser", address=OLD, interactive=False)
    return str(refused.value)


def by_the_factory(walk: Walk) -> str:
    with pytest.raises(ValidationError) as refused:
        Account.objects.create_user(OLD)
    return " ".join(refused.value.messages)


def by_the_demonstration(walk: Walk) -> str:
    """It makes the others, and says which one it leaves out."""
    out = StringIO()
    with transaction.atomic():
        call_command("seed_demo", stdout=out)
        made = Account.objects.values_list("address", flat=True)
        wanted = {ADMINISTRATOR, *(person.address for person in DEMO_PEOPLE)}
        assert wanted - set(made) == {OLD}
        transaction.set_rollback(True)
    return out.getvalue()


def never(walk: Walk) -> str:
    """It writes no address: what it is given has been looked at, or is not one."""
    assert "address" not in plans.ROW_FIELDS
    return SENTENCE + COMMAND


IMPORTS = [by_an_import, by_an_import_of_a_passwd_file]
PLACES: dict[str, list[Callable[[Walk], str]]] = {
    "accounts/models/account.py:AccountManager.create_user": [by_the_factory],
    "accounts/models/account.py:AccountManager.create_superuser": [by_createsuperuser],
    # The domains and policies that it needs.
    "accounts/models/account.py:Account.clean": [by_the_page_that_adds],
    "administration/mailboxes/adding.py:AccountCreationForm.Meta": [
        by_the_page_that_adds
    ],
    "administration/mailboxes/permissions.py:AccountChangeForm.Meta": [
        by_the_page_of_another
    ],
    "provisioning/plans.py:_plan_one": [*IMPORTS, by_the_api],
    "provisioning/apply.py:_write_accounts": [*IMPORTS, by_the_api, never],
    "mailportal/demonstration.py:make_roll_out": [by_the_factory],
    "mailportal/management/commands/seed_demo.py:Command.handle": [
        by_the_demonstration
    ],
    "mailportal/management/commands/seed_demo.py:Command._keep_or_make": [
        by_the_demonstration
    ],
}
WAYS = sorted(
    {way for ways in PLACES.values() for way in ways}, key=lambda way: way.__name__
)


def places(tree: ast.AST, within: str = "") -> Iterator[str]:
    """Yield where in a module mailboxes are made, or given an address."""
    for node in ast.iter_child_nodes(tree):
        here = within
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            here = f"{within}.{node.name}".lstrip(".")
        is_form = here.endswith("Meta") and names_its_model(node)
        if is_form or gives_an_address(node):
            yield here
        yield from places(node, here)


def names_its_model(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node) == "model = Account"


def gives_an_address(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        texts = [ast.unparse(target) for target in targets]
        return any(text.endswith(".address") for text in texts)
    return isinstance(node, ast.Call) and makes_a_mailbox(node)


def makes_a_mailbox(call: ast.Call) -> bool:
    text = ast.unparse(call.func)
    if text in {"Account", "self.model", "get_user_model()"}:
        return True
    if text == "setattr":
        return ast.unparse(call.args[0]) in {"account", "mailbox", "user"}
    owner, _dot, name = text.rpartition(".")
    if name in {"create_user", "create_superuser", "modelform_factory"}:
        return True
    if name not in WRITING or "Account.objects" not in owner:
        return False
    names = [keyword.arg for keyword in call.keywords]
    return name != "update" or "address" in names


def found() -> set[str]:
    return {
        f"{file.relative_to(ROOT)}:{place}"
        for app in APPS
        for file in (ROOT / app).rglob("*.py")
        if "migrations" not in file.parts
        for place in places(ast.parse(file.read_text()))
    }


def test_every_place_that_gives_a_mailbox_an_address_is_listed() -> None:
    assert found() == set(PLACES)


@pytest.mark.parametrize(
    "code",
    [
        "def act(): Account(address=a).save()",
        "def act(): Account.objects.create(address=a)",
        "def act(): Account.objects.filter(pk=1).update(address=a)",
        "def act(): account.address = a",
        "def act(): setattr(account, name, a)",
        "class Form(ModelForm):\n    class Meta:\n        model = Account",
    ],
)
def test_a_new_place_would_be_found(code: str) -> None:
    assert list(places(ast.parse(code)))


@pytest.fixture
def walk(administrator: Client, tmp_path: Path) -> Walk:
    make_domain("example.com")
    return Walk(administrator, tmp_path / "mailboxes.csv", make_account("other@b.test"))


@pytest.mark.parametrize("is_renamed", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_no_way_gives_a_mailbox_the_former_address_of_another(
    walk: Walk, way: Callable[[Walk], str], *, is_renamed: bool
) -> None:
    leaving = make_account(OLD)
    walk.other.delete()
    walk.other = make_account("other@example.com")
    if is_renamed:
        Account.objects.filter(pk=leaving.pk).update(address="renamed@example.com")
    else:
        leaving.delete()
    before = written()

    told = way(walk)

    assert SENTENCE in told
    assert COMMAND in told
    assert written() == before


def written() -> list[Any]:
    models = (Account, Domain, FormerAddress)
    created = SecurityEvent.objects.filter(kind__startswith="mailbox-")
    return [*(sorted(model.objects.values_list("pk")) for model in models), *created]


@pytest.mark.parametrize("is_asked", [True, False])
def test_the_mailbox_that_left_it_has_it_back_by_its_page(
    administrator: Client, *, is_asked: bool
) -> None:
    mailbox = make_account(OLD)
    Account.objects.filter(pk=mailbox.pk).update(address="renamed@example.com")
    mailbox.refresh_from_db()
    confirmed = {} if is_asked else {"_confirmed": "1"}

    answer = save_account(administrator, mailbox, address=OLD, **confirmed)

    assert answer.status_code == (200 if is_asked else 302)
    mailbox.refresh_from_db()
    assert mailbox.address == ("renamed@example.com" if is_asked else OLD)


def test_a_token_of_other_domains_does_not_learn_of_it(db: None) -> None:
    make_account(OLD).delete()
    other = make_domain("other.example", make_policy())
    program = client_with(make_token("branch", domains=[other]))

    answers = [
        send(program, "PUT", f"{ACCOUNTS}/{address}", {"name": "Alice"})
        for address in (OLD, "nobody@nowhere.example")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
