"""Times, and what there is none of, look the same on every page of administrators."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts import events
from accounts.events import Event, Kind
from accounts.models import Account, Policy
from accounts.moments import moment
from administration.base import display
from administration.models import Job
from provisioning import statistics
from tests.factories import make_logon, make_usage
from tests.unit.administration.opened import open_pages
from tests.unit.administration.times import fill_times, times_shown
from tests.unit.administration.worlds import World
from tests.unit.support import HOME

pytestmark = pytest.mark.one_database

# A clock outside of a <time>, in whatever language and format.
BARE_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d\d(?!\d)")
# What is typed, and texts to paste elsewhere, which name their zone themselves.
UNREAD = {"script", "style", "textarea", "pre"}
TO_PASTE = {"ticket"}
# Cells with boxes that choose rows, and of the menu, which offers to add some records.
EMPTY_CELLS = {"action-checkbox"}
MENUS = {"menu", "start-lists"}
VOID = {"br", "hr", "img", "input", "link", "meta", "col", "source", "wbr"}


class Reader(HTMLParser):
    """Collects the times of a page, texts with a clock beside them, and empty cells."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[tuple[dict[str, str | None], str]] = []
        self.bare: list[str] = []
        self.empty: list[str] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in VOID:
            for _tag, _given, texts in self._open:
                texts.append(f"<{tag}>" if tag in {"input", "img"} else "")
        else:
            self._open.append((tag, given, []))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, given, texts = self._open.pop()
            text = " ".join("".join(texts).split())
            self._check_cell(opened, given, text)
            if opened == "time":
                self.times.append((given, text))
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        around = {tag for tag, _given, _texts in self._open}
        ids = {given.get("id") for _tag, given, _texts in self._open}
        for _tag, _given, texts in self._open:
            texts.append(data)
        is_read = not around & (UNREAD | {"time"}) and not ids & TO_PASTE
        if is_read and BARE_TIME.search(data):
            self.bare.append(data.strip())

    def _check_cell(self, tag: str, given: dict[str, str | None], text: str) -> None:
        classes = words(given)
        is_head = any(tag == "thead" for tag, _given, _texts in self._open)
        is_cell = (tag == "td" and not is_head) or "readonly" in classes
        if is_cell and text in {"", "-", "\u2013", "None", "[]", "()"}:
            around = {
                word for _tag, attrs, _texts in self._open for word in words(attrs)
            }
            if not around & MENUS and not classes & EMPTY_CELLS:
                self.empty.append(f"{tag} {sorted(classes)}: {text!r}")


def words(given: dict[str, str | None]) -> set[str]:
    """Return the classes of an element."""
    return set((given.get("class") or "").split())


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def is_complete(given: dict[str, str | None], text: str) -> bool:
    """Whether it is for machines, exact on hover, and names the reader's zone."""
    title = given.get("title") or ""
    has_zone = "(UTC+8)" in text or given.get("data-moment") == "day"
    return bool(given.get("datetime")) and title.endswith(" (UTC+8)") and has_zone


@pytest.fixture
def filled(own: World, foreign: World) -> World:
    soon = timezone.now() + timedelta(days=9)
    fill_times(own, soon)
    make_usage(own.rows["clientpasswords_clientpassword"])
    Account.objects.filter(pk=own.owner.pk).update(policy=own.policy)
    Policy.objects.filter(pk=own.policy.pk).update(
        client_passwords_required=True, required_from=soon
    )
    make_logon(own.owner, reason="security-password-required", by_web_password=False)
    events.record(Kind.CODE_NOT_SENT, own.owner, by=HOME, reason="bad-number")
    new = {"policy": own.policy.name, "required_from": soon}
    changes = events.describe_changes(dict.fromkeys(new), new)
    domain = own.domain.name
    events.record_all(
        Event(kind, None, HOME, detail={**named, **changes}, domain=domain)
        for kind, named in (
            (Kind.POLICY_CHANGED, {"policy": own.policy.name}),
            (Kind.DOMAIN_CHANGED, {}),
        )
    )
    statistics.count_now()
    return own


def expected_times(world: World) -> set[str]:
    """The pages on which a time must be: of every model with one, and its history."""
    pages = {"/admin/"}
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        key = [world.rows[label].pk]
        pages.add(reverse(f"admin:{label}_history", args=key))
        if list(times_shown(model)) and model is not Policy and model is not Job:
            pages.add(reverse(f"admin:{label}_change", args=key))
    return pages


@pytest.mark.parametrize("role", ["superuser", "domain", "help", "auditor"])
def test_every_time_is_one_that_the_reader_understands(
    filled: World, role: str
) -> None:
    """In their zone, which is named, with the exact time and for machines."""
    bare, incomplete, with_times = {}, {}, set()

    for page, text in open_pages(filled, role):
        reader = read(text)
        if reader.bare:
            bare[page] = reader.bare
        if wrong := [each for each in reader.times if not is_complete(*each)]:
            incomplete[page] = wrong
        if reader.times:
            with_times.add(page)

    assert bare == {}
    assert incomplete == {}
    if role == "superuser":
        assert expected_times(filled) - with_times == set()
    assert len(with_times) > 25


def test_what_is_no_time_element_is_found() -> None:
    assert read("<p>At 9:05</p>").bare == ["At 9:05"]
    assert read("<td>2026年11月30日 16:04</td>").bare
    assert read("<td>2026-11-30T16:04:05Z</td>").bare
    assert not read(f"<p>{moment(timezone.now())}, 2001:db8::1, 3/10</p>").bare


@pytest.mark.parametrize("role", ["superuser", "help"])
def test_one_sign_stands_where_there_is_nothing(
    own: World, foreign: World, role: str
) -> None:
    empty, with_sign = {}, set()

    for page, text in open_pages(own, role):
        reader = read(text)
        if reader.empty:
            empty[page] = reader.empty
        if display.NOTHING in text:
            with_sign.add(page)

    assert empty == {}
    assert len(with_sign) > 25


def test_a_cell_without_the_sign_is_found() -> None:
    for nothing in ("", " ", "-", "None", "<span></span>", "[]"):
        assert read(f"<tr><td>{nothing}</td></tr>").empty
        assert read(f'<div class="readonly">{nothing}</div>').empty
    assert not read("<td>—</td><td><input></td><td>0</td>").empty
