"""Whatever acts for somebody later asks what they may do then.

Everything that acts later, with everything that takes rights away: it opens nothing, or
the table says why it may go on.
"""

import pytest
from time_machine import Traveller

from tests.unit.mailportal.later import LATER, make_people
from tests.unit.mailportal.losses import LOSSES

pytestmark = pytest.mark.usefixtures("one_node")

OF_ADMINISTRATION = {"no administrator", "no group", "no domain"}
OF_POLICY = {"third-party logon off", "no more passwords allowed", "switched off"}
ONE_DELETED = {
    "one security password deleted",
    "one security password deleted by API",
}
DELETED = {"all security passwords deleted"} | ONE_DELETED
RESET = {
    "phone reset",
    "phone changed by API",
    "phone removed by API",
    "phone changed on the page",
    "phone imported",
}
APP = {"app deleted"}
BACK = {
    "disabled and back",
    "disabled by API and back",
    "disabled by import and back",
    "disabled on the page and back",
}
OF_MAIL = OF_POLICY | DELETED | RESET
OF_SIGN_IN = {"password changed", "signed out everywhere"}
TOKENS = {"token reads", "token writes", "token revokes"}
JOBS = {"job", "rest of a job"}
PAGES = {"session of an administrator", "page of an administrator"}
SESSIONS = {"session", "half a sign-in"}
OWN = {"set-up link", "code that was sent", "phone change", "security password"}

Pair = tuple[str, str]


def each(later: set[str], losses: set[str], why: str) -> dict[Pair, str]:
    return {(one, loss): why for one in later for loss in losses}


# What goes on, and why it may.
GOES_ON: dict[Pair, str] = {
    **each(
        TOKENS | JOBS | PAGES,
        OF_MAIL,
        "these say how one's own mail programs log on, and not what one administers",
    ),
    **each(
        TOKENS,
        OF_SIGN_IN,
        "a token is a credential of its own: it is revoked by itself",
    ),
    **each(
        JOBS,
        OF_SIGN_IN,
        "it was confirmed in a full session, and the person still may do it; its page "
        "stops it",
    ),
    **each(
        JOBS,
        {"off-boarded and back"} | BACK,
        "the worker stops it within a second; who has their rights back by then may",
    ),
    **each(
        TOKENS,
        BACK,
        "a token opens nothing while its owner is disabled, and is revoked by itself",
    ),
    **each(
        TOKENS | JOBS,
        APP,
        "no page of the administration opens without one; these do not begin there",
    ),
    **each(
        {"session", "code that was sent", "phone change", "security password"},
        APP,
        "an owner need not have one, and does all of this without",
    ),
    **each(
        {"security password"},
        ONE_DELETED,
        "it is another one that was deleted",
    ),
    **each(
        {"security password"},
        BACK,
        "it is off while the mailbox is, and is deleted by itself, or by off-boarding",
    ),
    **each(
        SESSIONS | OWN,
        OF_ADMINISTRATION,
        "an owner needs none of these for their own mailbox",
    ),
    **each(
        SESSIONS,
        OF_MAIL,
        "the portal is where an owner sees and changes that; each act asks by itself",
    ),
    **each(
        {"phone change"},
        OF_POLICY | DELETED,
        "the number for codes belongs to the mailbox, whatever mail programs may do",
    ),
    **each(
        {"code that was sent"},
        DELETED,
        "it is asked for to make a new one, by whoever is signed in and has the phone",
    ),
    **each(
        {"security password"},
        RESET,
        "a number proves who makes one; what was made is deleted by itself",
    ),
    **each(
        {"security password"},
        {"no more passwords allowed"},
        "a smaller limit stops further ones; those that are there are for their owner "
        "to delete",
    ),
    **each(
        {"security password"},
        OF_SIGN_IN,
        "it is independent of the web password; a device is cut off by deleting it",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("later", LATER)
def test_it_goes_on_where_nothing_was_taken(later: str, clock: Traveller) -> None:
    assert LATER[later](make_people())()


@pytest.mark.django_db
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("later", LATER)
def test_it_opens_nothing_once_the_right_is_gone(
    later: str, loss: str, clock: Traveller
) -> None:
    people = make_people()
    go_on = LATER[later](people)

    LOSSES[loss](people)

    assert go_on() is ((later, loss) in GOES_ON), GOES_ON.get((later, loss))


def test_what_goes_on_is_in_the_table_by_its_right_name() -> None:
    assert {later for later, _loss in GOES_ON} <= set(LATER)
    assert {loss for _later, loss in GOES_ON} <= set(LOSSES)
    assert set(LATER) == TOKENS | JOBS | PAGES | SESSIONS | OWN
