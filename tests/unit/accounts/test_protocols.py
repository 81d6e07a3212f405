"""Whatever knows a protocol knows each of `accounts.models.protocols`, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.db.models import CharField, Model
from django.test import Client
from django.urls import reverse

from accounts.models import POLICY_SETTINGS, Account, MailLogon, MailWebLogon, Policy
from accounts.models.protocols import (
    PROTOCOL_KEYS,
    PROTOCOLS,
    PROTOCOLS_BY_KEY,
    PROTOCOLS_BY_SESSION_SERVICE,
    Protocol,
    ProtocolSwitches,
)
from accounts.notify.notices import LOSSES
from accounts.policy.reminders import list_losses
from accounts.sites import Server, choose_servers
from administration.bulk.actions import ProtocolsForm
from administration.events.page import ProtocolFilter
from administration.mailboxes.filters import ProtocolsFilter
from clientpasswords.forms import ScopeForm
from clientpasswords.models import ClientPassword, Logon, Usage
from clientpasswords.setup.qrcodes import RECEIVING
from deploy.render import TEMPLATES
from tests.databases import APPS, ROOT
from tests.factories import make_client_password, make_policy

# What others call a protocol, or what is no protocol at all; each says which.
MAY_NAME_ONE = {
    "accounts/models/protocols.py": "the list itself",
    "clientpasswords/setup/profiles.py": "Apple's words for it",
    "clientpasswords/setup/qrcodes.py": "Thunderbird's numbers for it",
    "mailportal/configuration.py": "EMAIL_GATEWAY=smtp",
    "mailportal/checks/mails.py": "EMAIL_GATEWAY=smtp",
    "mailportal/demonstration.py": "invented logons",
    "mailportal/management/commands/seed_demo.py": "a policy of the demonstration",
}


def sources() -> Iterator[Path]:
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in file.parts:
                yield file


def names_one(file: Path) -> bool:
    """Whether a text in the module is a protocol's key or label and nothing else."""
    tree = ast.parse(file.read_text())
    texts = (each.value for each in ast.walk(tree) if isinstance(each, ast.Constant))
    return any(
        isinstance(text, str) and text.lower() in PROTOCOLS_BY_KEY for text in texts
    )


def test_no_other_module_names_a_protocol() -> None:
    found = {str(file.relative_to(ROOT)) for file in sources() if names_one(file)}

    assert found == MAY_NAME_ONE.keys()


def test_no_template_asks_for_a_protocol_by_its_name() -> None:
    either = "|".join(PROTOCOL_KEYS)
    asked = re.compile(rf"""["']({either})["']""", re.IGNORECASE)
    found = [
        file.name
        for file in (ROOT / "templates").rglob("*.html")
        if asked.search(file.read_text())
    ]

    assert not found


@pytest.mark.parametrize("model", [Policy, ClientPassword])
def test_each_protocol_has_its_column(model: type[ProtocolSwitches]) -> None:
    columns = ProtocolSwitches._meta.fields

    assert [(each.name, each.verbose_name) for each in columns] == [
        (each.key, each.label) for each in PROTOCOLS
    ]
    assert issubclass(model, ProtocolSwitches)
    assert model().protocols == dict.fromkeys(PROTOCOL_KEYS, True)
    assert not set(PROTOCOL_KEYS) - {*POLICY_SETTINGS}


@pytest.mark.parametrize("off", PROTOCOL_KEYS)
def test_a_protocol_that_is_off_is_refused_by_both_views_and_no_other(
    off: str, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    make_client_password(alice)
    others = set(PROTOCOL_KEYS) - {off}

    def refused(view: type[MailLogon | MailWebLogon], reason: str) -> set[str]:
        rows = view.objects.all()
        assert {each.protocol for each in rows} == set(PROTOCOL_KEYS)
        return {each.protocol for each in rows if each.refusal == reason}

    ClientPassword.objects.update(**dict.fromkeys(others, False))
    assert refused(MailLogon, "out-of-scope") == others
    ClientPassword.objects.update(**dict.fromkeys(others, True))
    Policy.objects.update(**{off: False})
    assert refused(MailLogon, "protocol-off") == {off}
    assert refused(MailWebLogon, "protocol-off") == {off}


@pytest.mark.parametrize("model", [Logon, Usage, MailLogon, MailWebLogon])
def test_columns_have_room_for_the_key_of_each(model: type[Model]) -> None:
    column = model._meta.get_field("protocol")

    assert isinstance(column, CharField)
    assert column.max_length
    assert max(map(len, PROTOCOL_KEYS)) <= column.max_length


def lua_table(name: str) -> dict[str, str]:
    text = (TEMPLATES / "dovecot" / "portal.lua").read_text()
    body = re.search(rf"local {name} = {{\n(.*?)\n}}", text, re.DOTALL)
    assert body
    return dict(re.findall(r'^  (\w+) = "(\w+)",', body[1], re.MULTILINE))


def test_the_mail_server_knows_each_by_the_services_that_ask_for_it() -> None:
    assert lua_table("PROTOCOLS") == {
        service: each.key for each in PROTOCOLS for service in each.logon_services
    }


def test_sessions_of_each_can_be_ended_alone() -> None:
    text = (TEMPLATES / "dovecot" / "sessions.conf").read_text()
    sockets = re.findall(
        r"^service portal-(\w+) \{\n.*/dovecot\.conf (.*)\n  unix_listener portal-\1 ",
        text,
        re.MULTILINE,
    )

    assert [key for key, _services in sockets] == [*PROTOCOL_KEYS]
    for key, services in sockets:
        # Dovecot 2.3 calls ManageSieve's sessions by another name than 2.4.
        assert set(services.split()) <= set(PROTOCOLS_BY_KEY[key].session_services)
        assert PROTOCOLS_BY_KEY[key].session_services[0] in services.split()


def test_no_service_is_of_two_protocols() -> None:
    listed = [name for each in PROTOCOLS for name in each.session_services]

    assert len(listed) == len(PROTOCOLS_BY_SESSION_SERVICE)
    logons = [name for each in PROTOCOLS for name in each.logon_services]
    assert len(logons) == len(set(logons))


def test_wrong_passwords_by_each_are_counted_by_fail2ban() -> None:
    text = (TEMPLATES / "fail2ban" / "filter.d" / "mailportal.conf").read_text()

    assert re.findall(r'"protocol":"\(\?:([^)]*)\)"', text) == ["|".join(PROTOCOL_KEYS)]


def test_pages_offer_each(administrator: Client, alice: Account) -> None:
    site = admin.site.get_model_admin(Policy)
    words = [word for word, _text, _narrow in ProtocolFilter.options]
    off = [(word, str(text)) for word, text, _narrow in ProtocolsFilter.options]

    policy = make_policy("all")
    assert "protocols" in site.list_display
    labels = [str(each.label) for each in PROTOCOLS]
    assert site.protocols(policy).split() == labels  # type: ignore[attr-defined]
    assert [name for name in ProtocolsForm().fields if name in PROTOCOL_KEYS] == [
        *PROTOCOL_KEYS
    ]
    assert words == [*PROTOCOL_KEYS]
    assert off == [(f"{each.key}-off", f"{each.label} off") for each in PROTOCOLS]
    choices = ScopeForm().fields["protocols"].choices  # type: ignore[attr-defined]
    assert [key for key, _label in choices] == [*PROTOCOL_KEYS]
    page = administrator.get(reverse("admin:accounts_account_why", args=[alice.pk]))
    assert page.context["protocols"] == labels


@pytest.mark.parametrize("key", PROTOCOL_KEYS)
def test_an_exception_that_allows_it_is_known_to_end(key: str, alice: Account) -> None:
    assert LOSSES[key]
    setattr(alice.domain.policy, key, False)
    alice.policy = make_policy("Own")
    alice.policy_until = alice.created_at

    assert list_losses(alice) == [key]


def test_a_protocol_that_neither_receives_nor_sends_is_nobodys_way() -> None:
    filters = Protocol(
        key="filters", logon_services=("sieve",), session_services=("managesieve",)
    )
    known = [Server(each, "mail.example.com", 1, "none") for each in PROTOCOLS]
    other = Server(filters, "mail.example.com", 4190, "STARTTLS")

    for place in range(len(known) + 1):
        assert choose_servers(
            [*known[:place], other, *known[place:]]
        ) == choose_servers(known)
    assert (
        choose_servers([other, *(each for each in known if each.protocol.sends)])
        is None
    )
    assert (
        choose_servers([other, *(each for each in known if each.protocol.receives)])
        is None
    )


def test_each_protocol_that_receives_mail_has_its_number_at_thunderbird() -> None:
    assert [*RECEIVING] == [each.key for each in PROTOCOLS if each.receives]


def test_the_filter_of_fail2ban_knows_each_protocol() -> None:
    text = (TEMPLATES / "fail2ban" / "filter.d" / "mailportal.conf").read_text()

    assert f'"protocol":"(?:{"|".join(PROTOCOL_KEYS)})"' in text
