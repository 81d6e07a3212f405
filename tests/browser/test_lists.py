"""Every list of the administration, measured: nothing is cut off at 1280 pixels."""

from datetime import timedelta

import pytest
from django.contrib import admin as django_admin
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from accounts.models import Account, Department, Heartbeat, Policy
from clientpasswords.models import FollowedLog, Logon
from provisioning import operations
from tests.browser import steps
from tests.browser.conftest import TOTP_KEY, Visit
from tests.browser.look import DESKTOP, NARROW, PHONE, SPACING, UNFOLDED, Look
from tests.factories import (
    make_account,
    make_client_password,
    make_logon,
    make_usage,
)
from tests.longaddresses import LENGTHS, address_of
from tests.unit.administration.lookups import list_of
from tests.unit.administration.times import fill_times, times_shown
from tests.unit.administration.worlds import make_world
from tests.unit.api.conftest import OPERATOR

pytestmark = pytest.mark.browser

# What is wrong with the list that is open. Times never wrap.
MEASURE = """() => {
    const found = [];
    const table = document.getElementById("result_list");
    if (!table) return ["no rows"];
    const box = table.closest(".results");
    const edge = box.getBoundingClientRect().right + 1;
    if (box.scrollWidth > box.clientWidth + 1) {
        found.push(`cut off: ${box.scrollWidth} in ${box.clientWidth}`);
    }
    for (const cell of table.querySelectorAll("th, td")) {
        if (cell.getBoundingClientRect().right > edge) {
            found.push(`outside: ${cell.className}`);
        }
        if (cell.scrollWidth > cell.clientWidth + 1) {
            found.push(`too narrow: ${cell.className} ${cell.textContent}`);
        }
    }
    for (const time of table.querySelectorAll("time")) {
        const range = document.createRange();
        range.selectNodeContents(time.firstChild);
        if (range.getClientRects().length > 1) {
            found.push(`wrapped: ${time.parentElement.className} ${time.textContent}`);
        }
    }
    for (const icon of table.querySelectorAll("img")) {
        found.push(`a sign instead of a word: ${icon.alt}`);
    }
    for (const open of document.querySelectorAll("details[open]")) {
        found.push(`open: ${open.className}`);
    }
    return found;
}"""

# What scrolls or reaches over its table's edge; the names of columns are seen, too.
WIDE_ON_A_PHONE = f"""() => {{
    const cells = [...document.querySelectorAll(".cards td, #result_list td")];
    const unnamed = cells.filter(each => each.dataset.label).filter(each => {{
        const shown = getComputedStyle(each, "::before");
        return each.checkVisibility() && (shown.content === "none"
            || parseFloat(shown.width) > each.clientWidth / 2);
    }});
    return [...({steps.TOO_WIDE})(), ...unnamed.map(each => each.outerHTML)];
}}"""
RECORD_PAGES = ["change", "why", "history"]

LISTS = sorted(list_of(model) for model in django_admin.site._registry)


@pytest.fixture
def world(admin: Account) -> Account:
    """Records with long names and every time, none of them recent: all are long."""
    old = timezone.now() - timedelta(days=40)
    for name in ("hochschule-fuer-angewandte-wissenschaften", "b"):
        made = make_world(name)
        fill_times(made, old)
        make_usage(made.rows["clientpasswords_clientpassword"], last_at=old)
    for model in (Heartbeat, Logon, FollowedLog):
        for field in times_shown(model):
            model._default_manager.update(**{field.name: old})
    return admin


# Without scripts each time names its zone.
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_no_list_is_cut_off(
    visit: Visit,
    world: Account,
    language: str,
    scripts: bool,  # noqa: FBT001
    request: pytest.FixtureRequest,
) -> None:
    """Each fits its window, with its filters and its menu folded, and is in words."""
    own = Account.objects.filter(pk=world.pk)
    own.update(language=language, time_zone="Asia/Singapore")
    TOTPDevice.objects.create(user=world, name="default", key=TOTP_KEY)
    page = visit(
        "/admin/", world, timezone_id="Asia/Singapore", java_script_enabled=scripts
    )
    folder = request.config.getoption("--screenshots", None)
    wrong = {}
    for path in LISTS:
        page.set_viewport_size({"width": DESKTOP, "height": 900})
        page.goto(path)
        if found := page.evaluate(MEASURE):
            wrong[path] = found
        if folder:
            name = f"{path.strip('/').replace('/', '-')}-{language}-{scripts}"
            page.screenshot(path=f"{folder}/{name}-{DESKTOP}.png")
            page.set_viewport_size({"width": PHONE, "height": 900})
            page.screenshot(path=f"{folder}/{name}-{PHONE}.png")

    assert not wrong


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_table_scrolls_sideways_on_a_phone(
    verified: Page, world: Account, language: str
) -> None:
    """Its rows are cards, also with the spacing of a reader."""
    Account.objects.filter(pk=world.pk).update(language=language)
    owner = Account.objects.exclude(pk=world.pk).latest("pk")
    mailbox = f"/admin/accounts/account/{owner.pk}"
    report = f"/admin/accounts/policy/{owner.domain.policy_id}/report/"
    wrong: dict[tuple[str, object], list[str]] = {}
    for path in [*LISTS, report, *(f"{mailbox}/{page}/" for page in RECORD_PAGES)]:
        verified.goto(path)
        for width in (PHONE, NARROW):
            verified.set_viewport_size({"width": width, "height": 900})
            wrong[path, width] = verified.evaluate(WIDE_ON_A_PHONE)
        verified.evaluate(SPACING)
        wrong[path, "spaced"] = verified.evaluate(WIDE_ON_A_PHONE)

    assert not {page: found for page, found in wrong.items() if found}


def test_no_list_with_a_long_address_is_cut_off(
    verified: Page, transactional_db: None
) -> None:
    owner = make_account(address_of("owner", LENGTHS[3]))
    row, _secret = make_client_password(owner)
    Department.objects.create(domain=owner.domain, name="Research " * 6)
    make_logon(owner, client_password=row)
    make_usage(row)
    operations.sign_out(owner, OPERATOR)
    wrong = {}
    for path in LISTS:
        verified.goto(path)
        if (found := verified.evaluate(MEASURE)) != ["no rows"]:
            wrong[path] = found

    assert len(wrong) > 6
    assert not {path: found for path, found in wrong.items() if found}


def test_no_page_of_a_long_address_scrolls_sideways(
    verified: Page, transactional_db: None
) -> None:
    owner = make_account(address_of("owner", LENGTHS[2]))
    records = [f"account/{owner.pk}", f"domain/{owner.domain_id}"]
    wrong: dict[tuple[str, int], list[str]] = {}
    for record in records:
        for name in ("change", "history", "delete"):
            verified.goto(f"/admin/accounts/{record}/{name}/")
            for width in (DESKTOP, PHONE, NARROW):
                verified.set_viewport_size({"width": width, "height": 900})
                wrong[f"{record}/{name}", width] = verified.evaluate(UNFOLDED)

    assert not {page: found for page, found in wrong.items() if found}


def test_a_policy_says_what_it_comes_to_while_one_chooses(
    verified: Page, look: Look
) -> None:
    """Its presets are buttons, and what has no effect cannot be chosen."""
    policy = Policy.objects.get(name="Standard")
    verified.goto(f"/admin/accounts/policy/{policy.pk}/change/")
    result = verified.locator("[data-result]")
    report = verified.get_by_label("Report only")
    expect(result).to_contain_text("Owners choose")
    expect(report).to_be_disabled()

    steps.button(verified, "Required").click()
    expect(result).to_have_text(
        "Mail programs connect by IMAP, POP3, SMTP. They need a security password. "
        "The web password is refused."
    )
    verified.get_by_label("POP3").uncheck()
    report.check()
    expect(result).to_have_text(
        "Mail programs connect by IMAP, SMTP. Nobody is refused yet. The report shows "
        "who would be."
    )
    look(verified, "admin-policy-form")
    steps.button(verified, "Closed").click()
    expect(result).to_have_text("No mail program connects, with any password.")
    steps.button(verified, "Open").click()
    expect(report).to_be_disabled()


@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_the_menu_leaves_the_page_its_room(
    verified: Page, admin: Account, language: str
) -> None:
    """Beside the page its words fit; above it, on a phone, it is closed."""
    Account.objects.filter(pk=admin.pk).update(language=language)
    form = f"/admin/accounts/account/{admin.pk}/change/"
    verified.goto(form)
    menu = verified.locator("#menu")
    expect(menu).to_have_attribute("open", "")
    assert menu.evaluate("each => each.scrollWidth <= each.clientWidth")

    verified.set_viewport_size({"width": PHONE, "height": 900})
    verified.goto(form)
    expect(menu).not_to_have_attribute("open", "")
