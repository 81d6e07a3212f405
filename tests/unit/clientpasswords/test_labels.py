import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientpasswords import labels
from clientpasswords.setup.clients import CLIENTS

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile Safari"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) Mobile Chrome"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
FAMILY = "👨\u200d👩\u200d👧"


def normal(text: str) -> str:
    return labels.normalise(text, default="Default")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("My iPhone", "My iPhone"),
        ("  Büro  PC\t2 ", "Büro PC 2"),
        ("会议室的打印机", "会议室的打印机"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("two\r\nlines", "two lines"),
        ("two\u2028lines\u0085more", "two lines more"),
        ("bell\x07 and null\x00", "bell and null"),
        ("\u202eevil\u202c \u2066name\u2069\u200f", "evil name"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("private\ue000unassigned\u0378", "privateunassigned"),
        ("half a pair \ud800", "half a pair"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        (f"{FAMILY} tablet", f"{FAMILY} tablet"),
        (PERSIAN, PERSIAN),
    ],
)
def test_a_name_keeps_what_is_seen_and_loses_what_is_not(typed: str, kept: str) -> None:
    assert normal(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "\r\n\t",
        "\u200b\u200d\u200c",
        "\u202e\u2066\u2069",
        "\x00\x1b",
        "\u00ad",
        "\u3164",  # Hangul filler, a letter by its category
        "\u2800",  # Braille without a dot
        "\ufe0f",  # a variation of nothing
        "\u200d \u2800\u200d",
    ],
)
def test_a_name_of_nothing_visible_is_the_default(typed: str) -> None:
    assert normal(typed) == "Default"


def test_a_long_name_is_cut_to_64_characters() -> None:
    assert normal("x" * 65) == "x" * 64
    assert normal("x" * 64) == "x" * 64


def test_a_name_that_is_cut_at_a_blank_does_not_end_with_it() -> None:
    assert normal("x" * 63 + " yyy") == "x" * 63


@given(text=st.text(max_size=200))
def test_a_name_is_never_refused_and_always_one_short_line(text: str) -> None:
    name = normal(text)

    assert 1 <= len(name) <= 64
    assert name == name.strip()
    assert len(name.splitlines()) == 1
    hidden = {sign for sign in name if unicodedata.category(sign).startswith("C")}
    assert hidden <= {"\u200c", "\u200d"}


@given(text=st.text(max_size=200))
def test_what_is_normalised_twice_is_no_different(text: str) -> None:
    once = normal(text)

    assert normal(once) == once


@pytest.mark.parametrize(
    ("browser", "name"),
    [
        (IPHONE, "My iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0)", "My iPad"),
        (ANDROID, "My Android phone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X)", "My Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64)", "My Windows PC"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "My Linux computer"),
        ("curl/8", "My device"),
        ("", "My device"),
    ],
)
def test_the_suggestion_is_the_device_of_the_browser(browser: str, name: str) -> None:
    assert labels.suggest(browser, []) == name


def test_a_suggestion_is_unlike_the_names_in_use() -> None:
    taken = ["My iPhone", "My iPhone (2)", "My iPhone (4)"]

    assert labels.suggest(IPHONE, taken) == "My iPhone (3)"


def test_ten_devices_get_ten_names() -> None:
    taken: list[str] = []

    for _ in range(10):
        taken.append(labels.suggest(ANDROID, taken))

    assert len(set(taken)) == 10


def test_the_names_that_programs_suggest_are_all_acceptable() -> None:
    for client in CLIENTS.values():
        assert normal(str(client.device)) == client.device


@pytest.mark.parametrize(
    ("label", "icon"),
    [
        ("My iPhone", "smartphone"),
        ("我的手机", "smartphone"),
        ("Handy von Anna", "smartphone"),
        ("Kitchen iPad", "tablet"),
        ("Drucker im Flur", "printer"),
        ("Office PC", "monitor"),
        ("办公室电脑", "monitor"),
        ("THUNDERBIRD", "monitor"),
        ("Something else", "key-round"),
    ],
)
def test_a_name_has_the_icon_of_its_device(label: str, icon: str) -> None:
    assert labels.symbol(label) == icon
