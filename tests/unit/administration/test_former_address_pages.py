"""Former addresses are listed and released, by page and by command."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, FormerAddress, SecurityEvent
from provisioning import former_addresses
from provisioning.operations import Order
from tests.factories import make_account
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.support import HOME

RELEASE = {"nothing_left": "on", "reason": "Her mail is in the archive."}


def post(role: str, world: World, **typed: str) -> Any:
    former = world.rows["accounts_formeraddress"]
    page = reverse("admin:accounts_formeraddress_release", args=[former.pk])
    return browser_as(role, world).post(page, typed)


def released() -> SecurityEvent:
    return SecurityEvent.objects.get(kind="address-released")


@pytest.mark.parametrize("role", ["superuser", "operator", "domain"])
def test_a_released_address_can_be_had_and_the_record_says_by_whom_and_why(
    own: World, role: str
) -> None:
    answer = post(role, own, **RELEASE)

    assert answer.status_code == 302
    event = released()
    assert event.address == "former@ours.example"
    assert (event.domain, event.reason) == ("ours.example", RELEASE["reason"])
    assert event.actor == f"{role}@ours.example"
    assert make_account("former@ours.example").pk


@pytest.mark.parametrize("missing", sorted(RELEASE))
def test_it_is_not_released_before_the_page_is_told_all_it_asks(
    own: World, missing: str
) -> None:
    typed = {name: value for name, value in RELEASE.items() if name != missing}

    answer = post("operator", own, **typed)

    assert answer.status_code == 422
    assert FormerAddress.objects.filter(address="former@ours.example").exists()
    assert not SecurityEvent.objects.filter(kind="address-released").exists()


@pytest.mark.parametrize("role", ["help", "auditor", "help everywhere", "no group"])
def test_the_right_to_look_does_not_release(own: World, role: str) -> None:
    assert post(role, own, **RELEASE).status_code == 403
    assert FormerAddress.objects.filter(address="former@ours.example").exists()


def test_nobody_releases_an_address_of_another_domain(
    own: World, foreign: World
) -> None:
    administrator = make_administrator("domain", own.domain)
    former = foreign.rows["accounts_formeraddress"]
    page = reverse("admin:accounts_formeraddress_release", args=[former.pk])

    assert sign_in_verified(administrator).post(page, RELEASE).status_code == 404
    assert FormerAddress.objects.filter(pk=former.pk).exists()


def test_the_page_names_the_folder_and_the_command_that_removes_it(
    own: World, settings: Settings
) -> None:
    settings.MAIL_HOME = "/var/my mail/%d/%n"
    former = own.rows["accounts_formeraddress"]
    page = reverse("admin:accounts_formeraddress_change", args=[former.pk])

    html = browser_as("help", own).get(page).content.decode()

    assert "<code>/var/my mail/ours.example/former</code>" in html
    assert "rm -r &#x27;/var/my mail/ours.example/former&#x27;" in html


def test_of_a_renamed_mailbox_the_page_names_the_command_that_moves_the_mail(
    own: World,
) -> None:
    Account.objects.filter(pk=own.owner.pk).update(address="new@ours.example")
    former = FormerAddress.objects.get(address="owner@ours.example")
    page = reverse("admin:accounts_formeraddress_change", args=[former.pk])

    html = browser_as("domain", own).get(page).content.decode()

    assert "mv -T /srv/mail/owner@ours.example /srv/mail/new@ours.example" in html


def test_where_a_mailbox_went_in_another_domain_is_not_told(
    own: World, foreign: World
) -> None:
    Account.objects.filter(pk=own.owner.pk).update(
        address="owner2@zzforeign.example", domain=foreign.domain, department=None
    )
    former = FormerAddress.objects.get(address="owner@ours.example")
    browser = browser_as("domain", own)

    for name, args in (("change", [former.pk]), ("changelist", [])):
        page = reverse(f"admin:accounts_formeraddress_{name}", args=args)
        html = browser.get(page).content.decode()
        assert "in another domain" in html
        assert "zzforeign" not in html


def test_the_command_releases_and_says_where_mail_may_be(own: World) -> None:
    out = StringIO()

    call_command("release_address", "Former@ours.example", reason="Moved.", stdout=out)

    assert "/srv/mail/former@ours.example" in out.getvalue()
    event = released()
    assert (event.address, event.reason) == ("former@ours.example", "Moved.")
    assert event.actor.startswith("release_address (")


def test_the_command_says_what_is_no_former_address(own: World) -> None:
    with pytest.raises(CommandError, match=r"owner@ours\.example: no former address"):
        call_command("release_address", "former@ours.example", own.owner.address)
    assert FormerAddress.objects.filter(address="former@ours.example").exists()


@pytest.mark.parametrize(
    "named",
    [["--domain", "Ours.example"], ["former@ours.example", "second@ours.example"]],
)
def test_the_command_releases_several_with_an_event_for_each(
    own: World, foreign: World, named: list[str]
) -> None:
    make_account("second@ours.example").delete()

    call_command("release_address", *named, reason="All is gone.")

    left = FormerAddress.objects.values_list("address", flat=True)
    assert list(left) == ["former@zzforeign.example"]
    rows = SecurityEvent.objects.filter(kind="address-released")
    assert sorted(rows.values_list("address", "reason")) == [
        ("former@ours.example", "All is gone."),
        ("second@ours.example", "All is gone."),
    ]


@pytest.mark.parametrize("named", [[], ["a@ours.example", "--domain", "ours.example"]])
@pytest.mark.django_db
def test_the_command_takes_addresses_or_a_domain(named: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Name addresses or a --domain\."):
        call_command("release_address", *named)


def test_the_command_lists_what_waits_and_where_its_mail_is(
    own: World, foreign: World
) -> None:
    Account.objects.filter(pk=own.owner.pk).update(address="new@ours.example")
    out = StringIO()

    call_command("list_former_addresses", domain="ours.example", stdout=out)

    lines = [line.split("\t") for line in out.getvalue().splitlines()]
    assert [[*line[:1], *line[2:]] for line in lines] == [
        ["former@ours.example", "deleted", "-", "/srv/mail/former@ours.example"],
        [
            "owner@ours.example",
            "renamed",
            "new@ours.example",
            "/srv/mail/owner@ours.example",
        ],
    ]


def test_an_address_is_released_once(own: World) -> None:
    former = own.rows["accounts_formeraddress"]
    post("operator", own, **RELEASE)

    assert not former_addresses.release(former, Order(HOME, ""))
    assert released().address == former.address


def holders(codename: str) -> set[str]:
    """The groups that have this right."""
    permission = Permission.objects.get(codename=codename)
    groups = Group.objects.filter(permissions=permission)
    return set(groups.values_list("name", flat=True))


@pytest.mark.django_db
def test_whoever_sees_mailboxes_sees_former_addresses_and_who_makes_some_releases() -> (
    None
):
    makers = holders("add_account")
    assert holders("view_formeraddress") == holders("view_account")
    assert holders("release_formeraddress") == makers
    assert makers == {"Site operators", "Domain administrators"}


@pytest.mark.parametrize("chosen", ["own", "foreign"])
def test_who_adds_a_mailbox_does_not_learn_of_another_domains_former_addresses(
    own: World, foreign: World, chosen: str
) -> None:
    domain = {"own": own, "foreign": foreign}[chosen].domain
    data = {"domain": domain.pk, "without_password": "on"}
    browser = browser_as("domain", own)
    page = reverse("admin:accounts_account_add")

    told = [
        browser.post(page, data | {"address": f"{name}@zzforeign.example"})
        for name in ("former", "nobody")
    ]

    errors = [answer.context["adminform"].form.errors for answer in told]
    assert errors[0] == errors[1] != {}
    assert not Account.objects.filter(address__startswith="former@").exists()
