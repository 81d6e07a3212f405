"""Pictures of numbers, as SVG that the server draws (decision 0025).

There is no style in it: what a shape looks like, `static/css/admin.css` says by its
class, and a pattern of `admin/_plot_patterns.html` tells it from others without its
colour. Across, all lengths are percentages, so a picture is as wide as its place and
nothing in it is stretched. Numbers and days stand beside it in HTML, and all of them in
a table: a picture itself is hidden from screen readers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from administration.plots.scales import to_percent

HEIGHT = 160  # CSS pixels
# How much of its day's place a bar fills.
BAR_SHARE = 0.8
# The dashes of lines, which tell them apart without their colours.
DASHES = {"first": "", "second": "7 4", "third": "2 4", "pace": "1 5"}
# Bars that are filled with a pattern; the others are filled with their colour.
PATTERNS = {"second": "plot-stripes", "third": "plot-dots", "refused": "plot-bars"}


class Box(NamedTuple):
    """Where a rectangle is, from the left and the top; all from 0 to 1."""

    x: float
    y: float
    width: float
    height: float


WHOLE = Box(0, 0, 1, 1)
# Less than that of a bar would not be seen.
LEAST_SHARE = 0.004
# A label is above its level, but for a level so near to the top.
NEAR_THE_TOP = 0.85


@dataclass(frozen=True)
class Stack:
    """A part of each bar: its look, and a number for each bar."""

    look: str
    values: Sequence[int]


@dataclass(frozen=True)
class Line:
    """A line: its look, and its points; both coordinates from 0 to 1."""

    look: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """A line across the whole picture, with a label: at a day, or at a number."""

    at: float
    label: str
    is_level: bool = False


def draw_bars(
    stacks: Sequence[Stack],
    names: Sequence[str],
    ticks: Sequence[int],
    marks: Iterable[Mark] = (),
) -> SafeString:
    """Return a picture of bars side by side, the stacks of each upon one another.

    `names` are what a pointer that rests on a bar is told.
    """
    shapes = [
        shape
        for number, name in enumerate(names)
        for shape in _draw_stacked(stacks, number, len(names), name, ticks[-1])
    ]
    return _draw_picture(ticks, [*shapes, *map(_draw_mark, marks)])


def draw_lines(
    lines: Iterable[Line], ticks: Sequence[int], marks: Iterable[Mark] = ()
) -> SafeString:
    """Return a picture of lines; one with a single point is a dot."""
    shapes = [shape for line in lines for shape in _draw_line(line)]
    return _draw_picture(ticks, [*shapes, *map(_draw_mark, marks)])


def draw_single_bar(share: float, look: str) -> SafeString:
    """Return a bar that lies; it fills this share of its place."""
    bar = _draw_rectangle(look, WHOLE._replace(width=max(share, LEAST_SHARE)))
    return format_html(
        '<svg class="plot-bar" width="100%" height="14" aria-hidden="true">{}</svg>',
        bar,
    )


def draw_key(look: str, *, is_line: bool = False) -> SafeString:
    """Return the sign of a stack or a line, for the list that explains them."""
    shape = (
        _draw_segment(look, (0.0, 0.5), (1.0, 0.5))
        if is_line
        else _draw_rectangle(look)
    )
    return format_html(
        '<svg class="plot-key" width="28" height="14" aria-hidden="true">{}</svg>',
        shape,
    )


def _draw_picture(ticks: Sequence[int], shapes: Sequence[SafeString]) -> SafeString:
    grid = [
        format_html(
            '<line class="plot-grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>',
            to_percent(1 - tick / ticks[-1]),
        )
        for tick in ticks
    ]
    return format_html(
        '<svg class="plot-picture" width="100%" height="{}" aria-hidden="true">{}'
        "</svg>",
        HEIGHT,
        _join([*grid, *shapes]),
    )


def _draw_stacked(
    stacks: Sequence[Stack], number: int, count: int, name: str, top: int
) -> Iterator[SafeString]:
    left, width = (number + (1 - BAR_SHARE) / 2) / count, BAR_SHARE / count
    below = 0
    for stack in stacks:
        value = stack.values[number]
        if value:
            below += value
            box = Box(left, 1 - below / top, width, value / top)
            yield _draw_rectangle(stack.look, box, name)


def _draw_rectangle(look: str, box: Box = WHOLE, name: str = "") -> SafeString:
    pattern = PATTERNS.get(look)
    fill = format_html(' fill="url(#{})"', pattern) if pattern else ""
    title = format_html("<title>{}</title>", name) if name else ""
    return format_html(
        '<rect class="plot-{}"{} x="{}" y="{}" width="{}" height="{}">{}</rect>',
        look,
        fill,
        *map(to_percent, box),
        title,
    )


def _draw_line(line: Line) -> Iterator[SafeString]:
    if len(line.points) == 1:
        ((x, y),) = line.points
        yield format_html(
            '<circle class="plot-{}" cx="{}" cy="{}" r="3"/>',
            line.look,
            to_percent(x),
            to_percent(1 - y),
        )
    for start, end in zip(line.points, line.points[1:], strict=False):
        yield _draw_segment(line.look, start, end)


def _draw_segment(
    look: str, start: tuple[float, float], end: tuple[float, float]
) -> SafeString:
    dashes = DASHES.get(look, "")
    return format_html(
        '<line class="plot-line plot-{}"{} x1="{}" y1="{}" x2="{}" y2="{}"/>',
        look,
        format_html(' stroke-dasharray="{}"', dashes) if dashes else "",
        to_percent(start[0]),
        to_percent(1 - start[1]),
        to_percent(end[0]),
        to_percent(1 - end[1]),
    )


def _draw_mark(mark: Mark) -> SafeString:
    at = to_percent(1 - mark.at if mark.is_level else mark.at)
    ends = (
        f'x1="0" x2="100%" y1="{at}" y2="{at}"'
        if mark.is_level
        else f'x1="{at}" x2="{at}" y1="0" y2="100%"'
    )
    is_left = mark.is_level or mark.at <= 1 / 2
    return format_html(
        '<line class="plot-mark" {}/>'
        '<text class="plot-label" x="{}" dx="{}" y="{}" dy="{}" text-anchor="{}">{}'
        "</text>",
        SafeString(ends),
        "0%" if mark.is_level else at,
        5 if is_left else -5,
        at if mark.is_level else "0",
        -5 if mark.is_level and mark.at < NEAR_THE_TOP else 14,
        "start" if is_left else "end",
        mark.label,
    )


def _join(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))
