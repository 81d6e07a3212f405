"""What a change of policies does, in words, on each page that asks before it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext_lazy

from accounts.models.protocols import PROTOCOLS_BY_KEY
from accounts.moments import moment
from administration.base.lists import Context
from clientpasswords.consequences import Consequences, Effect, EffectKind
from clientpasswords.rollout import COUNT_LIMIT, RECENT

# The parameters that ask for all mailboxes of one effect, and for a page of them.
SHOW, PAGE = "_show", "_page"
MAX_LINKS = 10  # mailboxes of an effect that the page names
LISTED = 100  # mailboxes on such a page

WORDS: dict[EffectKind, Promise] = {
    EffectKind.NO_LOGON: ngettext_lazy(
        "%(number)s mailbox uses mail programs. None can connect any more:",
        "%(number)s mailboxes use mail programs. None can connect any more:",
        "count",
    ),
    EffectKind.PROTOCOL_OFF: ngettext_lazy(
        "%(number)s mailbox uses %(protocol)s with a mail program, and is refused:",
        "%(number)s mailboxes use %(protocol)s with a mail program, and are refused:",
        "count",
    ),
    EffectKind.REQUIRED: ngettext_lazy(
        "%(number)s mailbox uses the web password in a mail program, and is refused "
        "until it has a security password:",
        "%(number)s mailboxes use the web password in a mail program, and are refused "
        "until they have a security password:",
        "count",
    ),
    EffectKind.SUSPENDED: ngettext_lazy(
        "%(number)s mailbox uses security passwords. They stop working, as its owner "
        "has not turned them on:",
        "%(number)s mailboxes use security passwords. They stop working, as the owners "
        "have not turned them on:",
        "count",
    ),
    EffectKind.NETWORKS: ngettext_lazy(
        "%(number)s mailbox uses a mail program in another network, and is refused:",
        "%(number)s mailboxes use a mail program in another network, and are refused:",
        "count",
    ),
    EffectKind.ANNOUNCED: ngettext_lazy(
        "From %(day)s, %(number)s mailbox needs a security password. Its owner is "
        "notified.",
        "From %(day)s, %(number)s mailboxes need a security password. The owners are "
        "notified.",
        "count",
    ),
    EffectKind.LOGON: ngettext_lazy(
        "Mail programs can connect to %(number)s mailbox.",
        "Mail programs can connect to %(number)s mailboxes.",
        "count",
    ),
    EffectKind.PROTOCOL_ON: ngettext_lazy(
        "%(protocol)s becomes possible for %(number)s mailbox.",
        "%(protocol)s becomes possible for %(number)s mailboxes.",
        "count",
    ),
    EffectKind.RELEASED: ngettext_lazy(
        "The web password works in mail programs again for %(number)s mailbox.",
        "The web password works in mail programs again for %(number)s mailboxes.",
        "count",
    ),
    EffectKind.MORE_NETWORKS: ngettext_lazy(
        "Mail programs can connect to %(number)s mailbox from more networks.",
        "Mail programs can connect to %(number)s mailboxes from more networks.",
        "count",
    ),
}


@dataclass(frozen=True)
class Line:
    """One effect as the page says it, and its first mailboxes with their pages."""

    name: str
    text: SafeString
    links: list[tuple[str, str]]
    more: str


def describe_consequences(found: Consequences, asked: Mapping[str, str]) -> Context:
    """Return the context of the template with what the change does.

    `asked` are the parameters of the request: an effect may be shown with all of its
    mailboxes, page by page.
    """
    losing = found.losing
    return {
        "bound": min(found.bound, COUNT_LIMIT),
        "bound_text": format_count(
            min(found.bound, COUNT_LIMIT), has_more=found.bound > COUNT_LIMIT
        ),
        "losing": losing.count,
        "losing_text": format_count(losing.count, has_more=losing.has_more),
        "losses": [_describe(each) for each in found.effects if each.is_loss],
        "others": [_describe(each) for each in found.effects if not each.is_loss],
        "days": RECENT.days,
        "shown": _show(found, asked),
    }


def format_count(count: int, *, has_more: bool) -> str:
    text: str = number_format(count, force_grouping=True)
    return f"{text}+" if has_more else text


def _describe(effect: Effect) -> Line:
    number = format_count(effect.count, has_more=effect.has_more)
    rest = max(effect.count - MAX_LINKS, 0) if effect.is_loss else 0
    return Line(
        _name(effect),
        format_html(
            str(
                WORDS[effect.kind]
                % {
                    "count": effect.count,
                    "number": number,
                    "protocol": _label(effect.protocol),
                    "day": "{day}",
                }
            ),
            day=moment(effect.at) if effect.at else "",
        ),
        _link(effect, 0, MAX_LINKS) if effect.is_loss else [],
        format_count(rest, has_more=effect.has_more) if rest else "",
    )


def _show(found: Consequences, asked: Mapping[str, str]) -> Context | None:
    """Return a page of the mailboxes of the effect that was asked for, if any."""
    by_name = {_name(each): each for each in found.effects}
    effect = by_name.get(asked.get(SHOW, ""))
    if effect is None:
        return None
    pages = max(-(-effect.count // LISTED), 1)
    page = _read_page(asked.get(PAGE, ""), pages)
    return {
        "line": _describe(effect),
        "links": _link(effect, (page - 1) * LISTED, LISTED),
        "page": page,
        "pages": pages,
        "previous": page - 1,
        "next": page + 1 if page < pages else 0,
    }


def _read_page(typed: str, pages: int) -> int:
    """Return the number of a page: the first for what is none, at most the last.

    Python refuses to read more than some thousand digits.
    """
    try:
        return min(max(int(typed), 1), pages)
    except ValueError:
        return 1


def _link(effect: Effect, start: int, number: int) -> list[tuple[str, str]]:
    """Return some of the addresses of the effect, in their order, with their pages."""
    rows = sorted((name, pk) for pk, name in effect.mailboxes.items())
    return [
        (name, reverse("admin:accounts_account_change", args=[pk]))
        for name, pk in rows[start : start + number]
    ]


def _name(effect: Effect) -> str:
    return " ".join(filter(None, [effect.kind.value, effect.protocol]))


def _label(protocol: str) -> str:
    return PROTOCOLS_BY_KEY[protocol].label if protocol else ""
