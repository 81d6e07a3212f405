"""Pictures: numbers are where they belong, told apart without colour, without style."""

import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings

from administration.plots import pictures, scales
from administration.plots.pictures import Line, Mark, Stack
from administration.trends import plots

ALLOWED = {
    *("svg", "rect", "line", "circle", "text", "title"),
}
CSS = Path(settings.BASE_DIR, "static", "css", "admin.css").read_text()
PATTERNS = Path(
    settings.BASE_DIR, "templates", "admin", "_plot_patterns.html"
).read_text()
LOOKS = {*pictures.DASHES, *pictures.PATTERNS}


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (7, [0, 2, 4, 6, 8]),
        (20, [0, 5, 10, 15, 20]),
        (21, [0, 10, 20, 30]),
        (999, [0, 500, 1000]),
        (100_000, [0, 50_000, 100_000]),
    ],
)
def test_ticks_are_round_and_few(most: int, ticks: list[int]) -> None:
    assert scales.choose_ticks(most) == ticks


def test_ticks_reach_the_highest_number() -> None:
    for most in range(3000):
        ticks = scales.choose_ticks(most)
        assert ticks[-1] >= most > ticks[-2] or most == 0
        assert len(ticks) <= 5


def test_a_day_is_placed_between_the_first_and_the_last() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 11)

    places = [
        scales.place_day(day, first, last) for day in (first, date(2026, 11, 6), last)
    ]

    assert places == [0, 0.5, 1]
    assert scales.place_day(first, first, first) == 0


def shapes(picture: str, tag: str) -> list[dict[str, str]]:
    root = ET.fromstring(picture)  # noqa: S314 - our own
    return [each.attrib for each in root.iter(tag)]


def test_bars_stand_upon_one_another() -> None:
    stacks = [Stack("first", [3, 0]), Stack("refused", [1, 2])]

    bars = shapes(pictures.draw_bars(stacks, ["a", "b"], [0, 2, 4]), "rect")

    assert [(each["class"], each["y"], each["height"]) for each in bars] == [
        ("plot-first", "25.00%", "75.00%"),
        ("plot-refused", "0.00%", "25.00%"),
        ("plot-refused", "50.00%", "50.00%"),
    ]
    assert [each["x"] for each in bars] == ["5.00%", "5.00%", "55.00%"]
    assert {each["width"] for each in bars} == {"40.00%"}


def test_a_bar_says_its_name_to_a_pointer_whatever_is_in_it() -> None:
    picture = pictures.draw_bars([Stack("first", [1])], ["<1 & 2>"], [0, 1])

    assert "<title>&lt;1 &amp; 2&gt;</title>" in picture


def test_a_line_goes_from_point_to_point_and_a_single_one_is_seen() -> None:
    line = Line("pace", [(0, 0), (0.5, 1), (1, 0.25)])

    drawn = shapes(pictures.draw_lines([line], [0, 1]), "line")[2:]

    assert [(each["x1"], each["y1"], each["x2"], each["y2"]) for each in drawn] == [
        ("0.00%", "100.00%", "50.00%", "0.00%"),
        ("50.00%", "0.00%", "100.00%", "75.00%"),
    ]
    dot = pictures.draw_lines([Line("first", [(0.5, 0.5)])], [0, 1])
    assert [each["cx"] for each in shapes(dot, "circle")] == ["50.00%"]


@pytest.mark.parametrize(("at", "anchor"), [(0.2, "start"), (0.9, "end")])
def test_the_label_of_a_mark_stays_within_the_picture(at: float, anchor: str) -> None:
    picture = pictures.draw_lines([], [0, 1], [Mark(at, "Required")])

    (label,) = shapes(picture, "text")

    assert label["text-anchor"] == anchor


def test_a_picture_has_no_style_no_script_and_no_address() -> None:
    """The policy of the pages forbids the first two, and a picture needs no third."""
    marks = [Mark(0.5, "a"), Mark(0.9, "b", is_level=True)]
    drawn = [
        pictures.draw_bars([Stack(look, [1]) for look in LOOKS], ["a"], [0, 9], marks),
        pictures.draw_lines([Line(look, [(0, 0), (1, 1)]) for look in LOOKS], [0, 1]),
        *(
            pictures.draw_key(look, is_line=flag)
            for look in LOOKS
            for flag in (False, True)
        ),
        pictures.draw_single_bar(0.5, "refused"),
    ]
    for picture in drawn:
        tags = {each.tag for each in ET.fromstring(picture).iter()}  # noqa: S314
        assert tags <= ALLOWED
        assert not re.search(r"style=|\son\w+=|href", picture)


def test_every_look_is_told_apart_without_its_colour() -> None:
    """Bars by their patterns, one of them plain; lines by their dashes."""
    assert len(set(pictures.PATTERNS.values())) == len(pictures.PATTERNS)
    assert len(set(pictures.DASHES.values())) == len(pictures.DASHES)
    assert {*plots.RESULTS.values()} - pictures.PATTERNS.keys() == {"first"}
    for pattern in pictures.PATTERNS.values():
        assert f'<pattern id="{pattern}"' in PATTERNS
    for look in LOOKS:
        assert f".plot-{look}" in CSS


# --- colours --------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return sum(
        weight * part
        for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# The grounds of Django's admin, light and dark.
GROUNDS = {"light": "#ffffff", "dark": "#121212"}


@pytest.mark.parametrize("scheme", GROUNDS)
def test_every_look_has_three_to_one_on_its_ground(scheme: str) -> None:
    (block,) = re.findall(
        rf'html\[data-theme="{scheme}"\][^{{]*{{([^}}]*--plot-[^}}]*)}}', CSS
    )
    colours = dict(re.findall(r"--plot-(\w+): (#[0-9a-f]{6})", block))

    assert set(colours) == {"first", "second", "third", "refused", "grid"}
    del colours["grid"]
    for look, colour in colours.items():
        assert contrast(colour, GROUNDS[scheme]) >= 3, look


def test_the_dark_colours_of_a_system_are_those_that_are_chosen() -> None:
    blocks = re.findall(r"{([^{}]*--plot-first: #4[^{}]*)}", CSS)

    assert len(blocks) == 2
    assert blocks[0].split() == blocks[1].split()
