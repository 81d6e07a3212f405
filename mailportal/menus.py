"""The template tag that draws a way through menus: `{% menus path "settings" %}`."""

from itertools import pairwise
from typing import Any

from django import template

register = template.Library()
SEPARATOR = " › "  # noqa: RUF001 (as in the texts)


@register.inclusion_tag("help/_menus.html")
def menus(path: str, sign: str = "") -> dict[str, Any]:
    """Draw a small screen for each menu of the path, with the entry to choose in it.

    `sign` is the icon that opens the first menu, where the program shows no name.
    """
    screens = list(pairwise(path.split(SEPARATOR)))
    return {"path": path, "screens": screens, "sign": sign}
