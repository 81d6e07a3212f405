"""Every page of the administration is in the reader's language, Django's texts too."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin as contrib_admin
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import PAGES, address
from tests.unit.administration.texts import read_texts
from tests.unit.administration.worlds import World, job_of, make_administrator

# What people typed, and what machines are given by these names: keys, scopes, commands.
DATA = re.compile(
    r"ours|zzforeign|@|example|follow_logons|^Standard$|^default$|^accounts:read$"
    r"|^unlock_codes|^[0-9a-f-]{20,}$"
)
# What stands around a word: the trail, labels and counts.
SIGNS = "\u203a :1"
# Protocols and names have no translation.
NAMES = {"IMAP", "POP3", "SMTP", "IMAP POP3 SMTP", "API"}
# German has these words too.
SAME = {
    "de": {
        "Administrator",
        "April",
        "August",
        "Domain",
        "Domains",
        "Filter",
        "Host",
        "Name",
        "November",
        "Passkey",
        "Passkeys",
        "September",
        "Version 0.1.0",
    }
}


@pytest.fixture
def pages(own: World, foreign: World) -> list[str]:
    return [address(name, own) for name in PAGES if name != "logout"]


def texts_of(browser: Client, pages: list[str]) -> dict[str, set[str]]:
    """Return the texts of the pages, each with the pages that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        response = browser.get(page)
        if response.status_code == 200 and "html" in response["Content-Type"]:
            for text in read_texts(response.text):
                if not DATA.search(text):
                    found[text].add(page)
    return found


def test_no_page_has_english_left(own: World, pages: list[str]) -> None:
    reader = make_administrator("superuser", own.domain)
    own.rows["administration_job"] = job_of(reader, own.owner)
    browser = sign_in_verified(reader)
    english = texts_of(browser, pages)
    assert len(english) > 300

    left = []
    for language, _name in settings.LANGUAGES[1:]:
        Account.objects.filter(pk=reader.pk).update(language=language)
        same = NAMES | SAME.get(language, set())
        left += [
            (language, text, sorted(on)[:3])
            for text, on in texts_of(browser, pages).items()
            if text in english and text.strip(SIGNS) not in same
        ]

    assert not left, "\n".join(map(str, left))


# A text, or what is said of an element, with a blank between two characters.
BLANK = re.compile(r"""[^<>"]*[\u4e00-\u9fff] [\u4e00-\u9fff][^<>"]*""")


def test_no_chinese_text_has_the_blanks_of_an_english_one(
    own: World, pages: list[str]
) -> None:
    reader = make_administrator("superuser", own.domain)
    browser = sign_in_verified(reader)
    left, looked_at = set(), 0
    for language in ("zh-hans", "zh-hant"):
        Account.objects.filter(pk=reader.pk).update(language=language)
        for page in pages:
            response = browser.get(page)
            if response.status_code == 200 and "html" in response["Content-Type"]:
                looked_at += 1
                left |= {(language, text) for text in BLANK.findall(response.text)}

    assert looked_at > 60
    assert not left, "\n".join(map(str, sorted(left)))


# What a script of the administration looks up in its catalogue.
LOOKED_UP = re.compile(r"""\bn?gettext\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def test_the_widgets_have_no_english_left(own: World) -> None:
    reader = make_administrator("superuser", own.domain)
    browser = sign_in_verified(reader)
    scripts = Path(contrib_admin.__path__[0], "static/admin/js").glob("*.js")
    texts = {
        text[1:-1].replace("\\'", "'")
        for script in [*scripts]
        for text in LOOKED_UP.findall(script.read_text())
    }
    assert "(click to clear)" in texts

    for language, _name in settings.LANGUAGES[1:]:
        Account.objects.filter(pk=reader.pk).update(language=language)
        script = browser.get(reverse("admin:jsi18n")).text
        source = script.partition("const newcatalog = ")[2]
        catalogue, _end = json.JSONDecoder().raw_decode(source)
        left = {text for text in texts if catalogue.get(text, text) == text}
        assert left <= SAME.get(language, set()), language
