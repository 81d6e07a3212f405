"""What the pages and commands say of the mail of a former address, to every reader."""

import html
import re
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import Account, FormerAddress
from provisioning import roles
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.steps import save_account
from tests.unit.administration.worlds import ROLES, World, make_administrator

pytestmark = pytest.mark.one_database

OLD = "owner@ours.example"
NEAR, FAR = "new@ours.example", "new@zzforeign.example"
HIDDEN = "in a domain that you do not administer. Do not remove them."


def delete(own: World, foreign: World) -> None:
    own.owner.delete()


def rename(own: World, foreign: World) -> None:
    Account.objects.filter(pk=own.owner.pk).update(address=NEAR)


def move_away(own: World, foreign: World) -> None:
    rows = Account.objects.filter(pk=own.owner.pk)
    rows.update(address=FAR, domain=foreign.domain, department=None)


def told(text: str) -> list[str]:
    """The commands that the page names, the first word of each."""
    found = re.findall(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)
    lines = html.unescape("\n".join(found)).strip().splitlines()
    return [line.split()[0] for line in lines]


@pytest.mark.parametrize("page", ["change", "release"])
@pytest.mark.parametrize("state", [delete, rename, move_away])
@pytest.mark.parametrize("role", ROLES)
def test_removing_is_told_of_deleted_mailboxes_and_moving_to_who_sees_the_mailbox(
    own: World,
    foreign: World,
    role: str,
    state: Callable[[World, World], None],
    page: str,
) -> None:
    state(own, foreign)
    former = FormerAddress.objects.get(address=OLD)
    reader = make_administrator(role, own.domain)

    name = f"admin:accounts_formeraddress_{page}"
    answer = sign_in_verified(reader).get(reverse(name, args=[former.pk]))

    if answer.status_code != 200:
        assert role in {"domain without one", "no group"} or page == "release"
        return
    text = html.unescape(answer.content.decode())
    is_seen = state is not move_away or roles.sees_whole_host(reader)
    assert (told(text) == ["rm"]) == (state is delete)
    assert (told(text)[:1] == ["mv"]) == (state is not delete and is_seen)
    assert f"mv -T /srv/mail/{OLD} /srv/mail/" in text or told(text)[:1] != ["mv"]
    assert (HIDDEN in text) == (not is_seen)
    assert is_seen or ("zzforeign" not in text and not told(text))


@pytest.mark.parametrize("role", ["superuser", "operator", "help everywhere", "domain"])
def test_the_list_names_the_present_mailbox_to_who_sees_it(
    own: World, foreign: World, role: str
) -> None:
    move_away(own, foreign)

    page = browser_as(role, own).get(reverse("admin:accounts_formeraddress_changelist"))

    text = page.content.decode()
    assert (FAR in text) == (role != "domain")
    assert ("in another domain" in text) == (role == "domain")


@pytest.mark.parametrize("address", [NEAR, FAR])
def test_the_page_that_renames_never_removes_the_mail_of_the_mailbox(
    own: World, foreign: World, address: str
) -> None:
    domain = own.domain if address == NEAR else foreign.domain
    fields = {"address": address, "domain": domain.pk, "department": ""}

    asked = save_account(browser_as("superuser", own), own.owner, **fields)

    text = html.unescape(asked.content.decode())
    assert told(text)[0] == "mv"
    assert f"rm -r /srv/mail/{OLD}" not in text


@pytest.mark.parametrize("state", [delete, rename, move_away])
def test_the_command_that_releases_says_whose_mail_may_be_there(
    own: World, foreign: World, state: Callable[[World, World], None]
) -> None:
    state(own, foreign)
    out = StringIO()

    call_command("release_address", OLD, stdout=out)

    assert (f"mv -T /srv/mail/{OLD} /srv/mail/new@" in out.getvalue()) == (
        state is not delete
    )
    assert "rm " not in out.getvalue()
