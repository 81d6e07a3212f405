"""Every page of the administration, and what comes of opening it and posting to it.

The first two words stand for a GET and an empty POST in one's own domain; the next two,
of pages that show a record, for a record of another domain:

    ok  the page, with what is missing if it was posted to
    to  on to another page
    no  403: not for you
    nm  405: not with this method
    --  not there: 404, or on to the first page with a word about it

A new page goes into the table, `pages.txt`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, reverse

from bench import targets
from tests.unit.administration.worlds import World

# How many queries a page of the administration may take, however many rows it shows;
# and what is done or asked by a POST.
MOST_QUERIES, MOST_QUERIES_OF_POST = targets.MOST_QUERIES, 20
# More rows than either.
MANY = 21
ROLE_NAMES = ["operator", "domain", "help", "auditor", "nobody"]
# Which column each kind of administrator has, and whether they see every domain.
ROLES_OF = {
    "superuser": ("operator", True),
    "operator": ("operator", True),
    "domain": ("domain", False),
    "help": ("help", False),
    "auditor": ("auditor", False),
    "help everywhere": ("help", True),
    "auditor everywhere": ("auditor", True),
    "domain without one": ("domain", False),
    "no group": ("nobody", False),
}
# What an address needs besides.
ALSO = {"autocomplete": "?app_label=accounts&model_name=account&field_name=domain"}
# Whoever sees every domain sees there what they see in their own, but for this.
ELSEWHERE = {
    ("administration_job_change", "superuser"): ["ok", "to"],
    ("administration_job_change", "operator"): ["ok", "to"],
    ("administration_job_change", "help everywhere"): ["ok", "no"],
    ("administration_job_change", "auditor everywhere"): ["ok", "no"],
}
# Nobody's domain, but that of whoever ordered them.
ONES_OWN = {"administration_job_change", "administration_job_history"}

LINES = Path(__file__).with_name("pages.txt").read_text()


def _table() -> dict[str, dict[str, str]]:
    first, *rest = LINES.splitlines()
    assert first.replace("|", " ").split() == ["page", *ROLE_NAMES]
    lines = [line.split("|") for line in rest]
    return {
        start.split()[0]: dict(
            zip(ROLE_NAMES, [" ".join(start.split()[1:]), *others], strict=True)
        )
        for start, *others in lines
    }


TABLE = _table()


def named(patterns: Any) -> Iterator[tuple[str, set[str]]]:
    """Every page by its name, and what its address has to be given."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from named(each.url_patterns)
        elif isinstance(each, URLPattern) and each.name:
            yield (
                each.name,
                set(each.pattern.converters) | set(each.pattern.regex.groupindex),
            )


OF_A_RECORD = {"object_id", "id", "pk"}
PAGES = dict(named(admin.site.urls[0]))


def address(name: str, world: World) -> str:
    """The page's address; where it shows a record, with this world's."""
    given = PAGES[name]
    values: dict[str, Any] = {}
    if "app_label" in given:
        values["app_label"] = "accounts"
    for argument in given & OF_A_RECORD:
        label = next(label for label in world.rows if name.startswith(f"{label}_"))
        values[argument] = world.rows[label].pk
    return reverse(f"admin:{name}", kwargs=values) + ALSO.get(name, "")
