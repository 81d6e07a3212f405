"""The strip above the list: 30 days of each device, drawn as SVG.

A bar at the bottom of a day means that mail programs were let in, and is taller the
more hours of the day have logons; a block at the top means that some were refused. The
colours are in portal.css. An hour belongs to the day of the reader in which it begins.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import Account
from clientpasswords.models import ClientPassword

DAYS = 30
# Rows that are shown at once, before those without a device.
OPEN_ROWS = 3
# Sizes in the units of the drawing, which is as wide as the page has room for.
PITCH, BAR, HEIGHT, TALLEST, SMALLEST, BLOCK = 10, 8, 20, 12, 4, 5
SVG = (
    '<svg class="strip-days" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
    'role="img" aria-label="{label}">'
    '<path class="strip-ground" d="M0 {ground}h{width}v1H0z"/>{runs}</svg>'
)
RUN = '<path class="{}" d="{}"><title>{}</title></path>'
HOURS = range(24)
WITHOUT, DELETED = None, 0  # keys of the rows without a device

# In how many hours of each day mail programs were let in, or refused.
Hours = dict[date, int]


@dataclass(frozen=True)
class Row:
    """The days of a device, or of what is none."""

    name: str
    words: Mapping[date, str]  # the 30 days in order, as the reader writes each
    let_in: Hours
    refused: Hours

    @property
    def drawing(self) -> SafeString:
        """The days as SVG; its label says what it shows."""
        return format_html(
            SVG,
            width=DAYS * PITCH,
            height=HEIGHT,
            label=self.summary,
            ground=HEIGHT - 1,
            runs=format_html_join("", RUN, self._draw()),
        )

    def _draw(self) -> Iterator[tuple[str, str, str]]:
        """Yield class, path and title of each run of days, the bars before blocks."""
        places = {day: place * PITCH + 1 for place, day in enumerate(self.words)}
        for run in _find_runs(self.let_in):
            path = "".join(self._draw_bar(day, places[day]) for day in run)
            yield "strip-let-in", path, _("Signed in: %s") % self._describe(run)
        for run in _find_runs(self.refused):
            path = "".join(f"M{places[day]} 0h{BAR}v{BLOCK}h-{BAR}z" for day in run)
            yield "strip-refused", path, _("Refused: %s") % self._describe(run)

    def _draw_bar(self, day: date, place: int) -> str:
        height = SMALLEST + (TALLEST - SMALLEST) * self.let_in[day] // len(HOURS)
        return f"M{place} {HEIGHT - height}h{BAR}v{height}h-{BAR}z"

    def _describe(self, run: Sequence[date]) -> str:
        first, last = self.words[run[0]], self.words[run[-1]]
        return first if len(run) == 1 else f"{first} \u2013 {last}"

    @property
    def summary(self) -> str:
        """On how many days mail programs were let in, and refused."""
        texts = []
        if count := len(self.let_in):
            text = ngettext(
                "signed in on %(count)s day", "signed in on %(count)s days", count
            )
            texts.append(text % {"count": count})
        if count := len(self.refused):
            text = ngettext(
                "refused on %(count)s day", "refused on %(count)s days", count
            )
            texts.append(text % {"count": count})
        return _join(texts) or _("no sign-in")

    @property
    def days_let_in(self) -> str:
        """The days on which mail programs were let in, in words; empty: none."""
        return _join(map(self._describe, _find_runs(self.let_in)))

    @property
    def days_refused(self) -> str:
        """The days on which mail programs were refused, in words; empty: none."""
        return _join(map(self._describe, _find_runs(self.refused)))


@dataclass(frozen=True)
class Strip:
    """The last 30 days of an account; `zone` is None if the reader's is not known."""

    first: date
    zone: tzinfo | None
    rows: list[Row]
    rows_without_device: list[Row]

    @property
    def is_empty(self) -> bool:
        return not any(row.let_in or row.refused for row in self.all_rows)

    @property
    def all_rows(self) -> list[Row]:
        return self.rows + self.rows_without_device

    @property
    def open_rows(self) -> list[Row]:
        return self.rows[:OPEN_ROWS] + self.rows_without_device

    @property
    def folded_rows(self) -> list[Row]:
        return self.rows[OPEN_ROWS:]


def read_strip(
    account: Account, passwords: Iterable[ClientPassword], zone: tzinfo | None
) -> Strip:
    """Return the days of these passwords, and of all others of the account. One query.

    Without a zone the days are those of UTC.
    """
    first = timezone.now().astimezone(zone or UTC).date() - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    words = {day: date_format(day, "MONTH_DAY_FORMAT") for day in days}
    names: dict[int | None, str] = {row.pk: row.full_label for row in passwords}
    found = account.logon_days.filter(day__gte=first - timedelta(days=1))
    hours: defaultdict[int | None, tuple[Hours, Hours]] = defaultdict(lambda: ({}, {}))
    parts: dict[date, list[tuple[date, int]]] = {}
    fields = ("client_password", "day", "hours_let_in", "hours_refused")
    for password, day, *bits in found.values_list(*fields):
        key = password if password in names or password is WITHOUT else DELETED
        if day not in parts:
            parts[day] = _split_day(day, zone)
        for local, mask in parts[day]:
            for counts, each in zip(hours[key], bits, strict=True):
                if local in words and each & mask:
                    counts[local] = counts.get(local, 0) + (each & mask).bit_count()
    others = {
        WITHOUT: _("Without a security password"),
        DELETED: _("Deleted devices"),
    }
    return Strip(
        first,
        zone,
        [Row(name, words, *hours[key]) for key, name in names.items()],
        [
            Row(name, words, *hours[key])
            for key, name in others.items()
            if any(hours[key])
        ],
    )


def _find_runs(days: Iterable[date]) -> list[list[date]]:
    """Return the days in order, those that follow each other together."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _join(texts: Iterable[str]) -> str:
    return pgettext("between the items of a list", ", ").join(texts)


def _split_day(day: date, zone: tzinfo | None) -> list[tuple[date, int]]:
    """Return the reader's days in a day of UTC, each with its hours as bits."""
    masks: defaultdict[date, int] = defaultdict(int)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for hour in HOURS:
        local = (start + timedelta(hours=hour)).astimezone(zone or UTC).date()
        masks[local] |= 1 << hour
    return [*masks.items()]
