"""The plots of the first page: what they say, to whom, and from which rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Domain, Policy
from administration.trends.plots import BUILDERS
from clientpasswords.models import DailyLogons
from provisioning import statistics
from provisioning.models import DailyCodes, DailyFigures, HostCodes, HostFigures
from tests.factories import make_account, make_domain, make_logon, make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import ROLES_OF
from tests.unit.administration.steps import queries_of
from tests.unit.administration.worlds import ROLES, World, make_administrator

pytestmark = pytest.mark.both_databases

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
KEYS = ["logons", "refusals", "adoption", "roll-out", "codes", "protocols"]


def add_logons(domain: Domain, day: date = TODAY, count: int = 1, **more: Any) -> None:
    values = {"protocol": "imap", "let_in_by": "" if "reason" in more else "webmail"}
    DailyLogons.objects.create(domain=domain, day=day, count=count, **(values | more))


def add_figures(domain: Domain, day: date, *figures: int) -> None:
    """Of one domain, and of a host that has no other."""
    values = dict(zip(statistics.DAILY_NAMES, figures, strict=True))
    DailyFigures.objects.create(domain=domain, day=day, **values)
    HostFigures.objects.create(day=day, **values)


def add_codes(domain: Domain, day: date, count: int) -> None:
    DailyCodes.objects.create(domain=domain, day=day, count=count)
    HostCodes.objects.create(day=day, count=count)


def plots(browser: Client, domain: str = "") -> dict[str, Any]:
    page = browser.get("/admin/", {"domain": domain})
    return {plot.key: plot for plot in page.context["overview"].plots}


@pytest.fixture
def at_noon(clock: Traveller, administrator: Client, alice: Account) -> Client:
    """The browser of an operator, at noon of a Monday."""
    return administrator


def test_without_data_every_plot_says_so(at_noon: Client) -> None:
    found = plots(at_noon)

    assert list(found) == KEYS
    assert len(BUILDERS) == len(KEYS)
    for plot in found.values():
        assert not plot.drawn.picture
        assert not plot.rows
        assert plot.summary
    assert 'class="plot-picture"' not in at_noon.get("/admin/").text


def test_logons_are_stacked_by_result(at_noon: Client, alice: Account) -> None:
    add_logons(alice.domain, count=70, let_in_by="security-password")
    add_logons(alice.domain, count=20, let_in_by="web-password")
    add_logons(alice.domain, count=5)
    add_logons(alice.domain, TODAY - DAY, count=4, reason="wrong-password")
    add_logons(alice.domain, TODAY - DAY, count=1, reason="revoked")
    add_logons(alice.domain, TODAY - 30 * DAY, count=1000)
    statistics.count_now()

    plot = plots(at_noon)["logons"]

    assert plot.summary == "100 logons in 30 days; 5 % of them were refused."
    assert [strip_tags(head) for head in plot.header] == [
        "Day",
        "With a security password",
        "With the web password",
        "By the webmail",
        "Refused",
    ]
    assert plot.rows[:3] == [
        ["23 November 2026", "70", "20", "5", "0"],
        ["22 November 2026", "0", "0", "0", "5"],
        ["21 November 2026", "0", "0", "0", "0"],
    ]
    assert len(plot.rows) == 30
    assert plot.drawn.ticks == ["0", "50", "100"]
    assert plot.drawn.days == ["25 Oct", "9 Nov", "23 Nov"]
    assert plot.drawn.picture.count("<rect") == 4


def test_refusals_lead_to_the_list_of_each_reason(
    at_noon: Client, alice: Account
) -> None:
    for reason, count in (("revoked", 3), ("wrong-password", 1200), ("newer", 1)):
        add_logons(alice.domain, count=count, reason=reason)
    make_logon(alice, reason="revoked", by_web_password=False)
    make_logon(alice, reason="wrong-password", by_web_password=False)
    statistics.count_now()

    plot = plots(at_noon)["refusals"]

    assert [(bar.name, bar.count) for bar in plot.bars] == [
        ("wrong password", "1,200"),
        ("deleted security password", "3"),
        ("newer", "1"),
    ]
    assert plot.summary == "The most frequent reason: wrong password."
    listed = at_noon.get(plot.bars[1].list).context["cl"]
    assert [row.reason for row in listed.result_list] == ["revoked"]


def test_protocols_lead_to_their_lists(at_noon: Client, alice: Account) -> None:
    add_logons(alice.domain, count=30)
    add_logons(alice.domain, count=2, protocol="smtp")
    add_logons(alice.domain, count=9, protocol="pop3", reason="wrong-password")
    make_logon(alice, "smtp")
    make_logon(alice, "imap")
    statistics.count_now()

    bars = plots(at_noon)["protocols"].bars

    assert [(bar.name, bar.count) for bar in bars] == [
        ("IMAP", "30"),
        ("POP3", "0"),
        ("SMTP", "2"),
    ]
    listed = at_noon.get(bars[2].list).context["cl"]
    assert [row.protocol for row in listed.result_list] == ["smtp"]


def test_adoption_marks_the_date_on_which_it_is_required(
    at_noon: Client, alice: Account
) -> None:
    begun = datetime(2026, 11, 1, 9, tzinfo=UTC)
    policy = make_policy("Since", client_passwords_required=True, required_from=begun)
    Domain.objects.filter(pk=alice.domain_id).update(policy=policy)
    for days, off in ((364, 0), (35, 1), (7, 4), (1, 6)):
        add_figures(alice.domain, TODAY - days * DAY, 8, off, 2, 0)

    plot = plots(at_noon)["adoption"]

    assert plot.rows == [
        ["22 November 2026", "6", "8", "75"],
        ["16 November 2026", "4", "8", "50"],
        ["19 October 2026", "1", "8", "12"],
        ["24 November 2025", "0", "8", "0"],
    ]
    assert plot.summary.startswith("6 of 8 active mailboxes need security passwords")
    assert "Required from 1 Nov" in plot.drawn.picture
    assert plot.drawn.ticks == ["0 %", "25 %", "50 %", "75 %", "100 %"]


@pytest.mark.parametrize("kind", ["domain", "department"])
def test_the_roll_out_goes_from_the_announcement_to_its_date(
    at_noon: Client, alice: Account, kind: str
) -> None:
    soon = datetime(2026, 12, 3, 9, tzinfo=UTC)
    policy = make_policy("Soon", client_passwords_required=True, required_from=soon)
    if kind == "domain":
        Domain.objects.filter(pk=alice.domain_id).update(policy=policy)
    else:
        alice.domain.departments.create(name="Sales", policy=policy)
    for days, left, bound in ((9, 50, 0), (3, 40, 60), (2, 35, 60), (1, 20, 60)):
        add_figures(alice.domain, TODAY - days * DAY, 60, 5, left, bound)

    plot = plots(at_noon)["roll-out"]

    assert plot.rows == [
        ["22 November 2026", "20"],
        ["21 November 2026", "35"],
        ["20 November 2026", "40"],
    ]
    assert plot.summary.endswith("20. It will be refused on 3 December 2026.")
    assert plot.drawn.days == ["20 Nov", "26 Nov", "3 Dec"]
    assert "Required from 3 Dec" in plot.drawn.picture
    assert [name for _key, name in plot.drawn.keys] == ["Mailboxes", "At an even pace"]


def test_without_a_date_the_roll_out_shows_the_last_days(
    at_noon: Client, alice: Account
) -> None:
    soon = timezone.now() + DAY
    Policy.objects.update(
        client_passwords_required=True, required_from=soon, report_only=True
    )
    for days in (35, 29, 1):
        add_figures(alice.domain, TODAY - days * DAY, 9, 0, days, 0)

    plot = plots(at_noon)["roll-out"]

    assert [row[1] for row in plot.rows] == ["1", "29"]
    assert "No date is set" in plot.summary
    assert plot.drawn.keys == []


def test_codes_are_drawn_against_their_limit_where_it_is_near(
    at_noon: Client, alice: Account, settings: Settings
) -> None:
    add_codes(alice.domain, TODAY, 300)
    add_codes(alice.domain, TODAY - DAY, 20)

    near = plots(at_noon)["codes"]
    settings.CODES_PER_DAY = 100_000
    far = plots(at_noon)["codes"]

    assert near.summary.startswith("320 in 30 days, 300 on the busiest; the limit")
    assert near.rows[:2] == [["23 November 2026", "300"], ["22 November 2026", "20"]]
    assert "Limit of the whole host" not in near.drawn.picture
    assert "100,000 a day" in far.summary
    settings.CODES_PER_DAY = 500
    assert "Limit of the whole host" in plots(at_noon)["codes"].drawn.picture


def test_numbers_and_days_are_those_of_the_language(
    at_noon: Client, alice: Account
) -> None:
    add_logons(alice.domain, count=12_000)
    statistics.count_now()
    found = {}
    for language in ("en", "de", "zh-hans", "zh-hant"):
        Account.objects.filter(is_superuser=True).update(language=language)
        plot = plots(at_noon)["logons"]
        found[language] = (plot.rows[0][3], plot.drawn.days[-1])

    assert found == {
        "en": ("12,000", "23 Nov"),
        "de": ("12.000", "23. November"),
        "zh-hans": ("12000", "11月23日"),
        "zh-hant": ("12000", "11月23日"),
    }


# --- whose they are -------------------------------------------------------------------


def fill(world: World, count: int) -> None:
    day = timezone.localdate()
    values = dict.fromkeys(statistics.DAILY_NAMES, count)
    DailyFigures.objects.update_or_create(domain=world.domain, day=day, defaults=values)
    add_logons(world.domain, day, count)
    DailyCodes.objects.create(domain=world.domain, day=day, count=count)


@pytest.mark.parametrize("role", ROLES)
def test_every_administrator_sees_the_plots_of_their_domains_alone(
    own: World, foreign: World, role: str
) -> None:
    statistics.count_now()
    fill(own, 300)
    fill(foreign, 7000)
    HostCodes.objects.create(day=timezone.localdate(), count=7300)
    HostFigures.objects.update(**dict.fromkeys(statistics.DAILY_NAMES, 7300))
    statistics._add_up_logons()
    browser = sign_in_verified(make_administrator(role, own.domain))

    page = browser.get("/admin/")

    if role == "no group":
        assert page.context["overview"] is None
        return
    _column, sees_all = ROLES_OF[role]
    found = {plot.key: plot for plot in page.context["overview"].plots}
    assert list(found) == KEYS
    if role == "domain without one":
        assert not any(plot.rows or plot.bars for plot in found.values())
        return
    seen = f"{7300 if sees_all else 300:,}"
    assert found["logons"].rows[0][3] == seen
    assert found["adoption"].rows[0][2] == seen
    assert found["roll-out"].rows[0][1] == seen
    assert found["codes"].rows[0][1] == seen
    assert found["protocols"].bars[0].count == seen
    # Another's domain cannot be chosen.
    other = browser.get("/admin/", {"domain": foreign.domain.name})
    assert other.context["overview"].choice.is_unknown is not sees_all
    if sees_all:
        (plot,) = [p for p in other.context["overview"].plots if p.key == "logons"]
        assert plot.rows[0][3] == "7,000"


def test_who_may_not_open_a_list_has_no_plot_of_it(own: World) -> None:
    account = make_administrator("auditor", own.domain)
    (group,) = account.groups.all()
    for codename, gone in (
        ("view_logon", {"logons", "refusals", "protocols"}),
        ("view_securityevent", {"codes"}),
    ):
        right = group.permissions.get(codename=codename)
        group.permissions.remove(right)
        assert plots(sign_in_verified(account)).keys() == {*KEYS} - gone
        group.permissions.add(right)


def test_more_days_and_domains_take_no_more_queries(
    at_noon: Client, alice: Account
) -> None:
    statistics.count_now()
    few = len(queries_of(at_noon, "/admin/"))
    for number in range(20):
        domain = make_domain(f"d{number}.example")
        make_account(f"a@{domain.name}")
        for days in range(20):
            add_logons(domain, TODAY - days * DAY)
    statistics.count_now()
    soon = timezone.now() + DAY
    Policy.objects.update(client_passwords_required=True, required_from=soon)

    assert len(queries_of(at_noon, "/admin/")) == few
    assert len(queries_of(at_noon, "/admin/?domain=d7.example")) == few
