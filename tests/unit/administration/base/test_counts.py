"""What is counted has the right words: one mailbox, two mailboxes, in each language."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.utils import translation

from accounts.models import Account
from tests.unit.administration.lookups import list_of
from tests.unit.administration.worlds import World, make_world

LANGUAGES = [code for code, _name in settings.LANGUAGES]
MODELS: Any = [model._meta for model in admin.site._registry]
# Languages with the same words for one and for several: the number follows a colon.
UNCHANGED = {"zh-hans", "zh-hant"}
SAME = {("provisioning.ApiToken", "de")}  # das Token, die Token
COUNT = re.compile(r'<p class="paginator">(.*?)</p>', re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("opts", MODELS, ids=lambda opts: opts.label)
def test_each_record_has_a_word_for_one_and_one_for_several(
    opts: Any, language: str
) -> None:
    with translation.override("en"):
        english = [str(opts.verbose_name), str(opts.verbose_name_plural)]
    with translation.override(language):
        names = [str(opts.verbose_name), str(opts.verbose_name_plural)]

    is_same = language in UNCHANGED or (opts.label, language) in SAME
    assert (names[0] == names[1]) is is_same
    assert (names == english) is (language == "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_one_is_counted_as_one(
    administrator: Client, admin: Account, own: World, language: str
) -> None:
    Account.objects.filter(pk=admin.pk).update(language=language)
    counted: dict[int, set[str]] = {1: set(), 2: set()}
    for number, labels in counted.items():
        if number > 1:
            make_world("theirs")
        for opts in MODELS:
            (shown,) = COUNT.findall(administrator.get(list_of(opts.model)).text)
            found = re.search(r"\d+", shown)
            if found and int(found[0]) == number:
                labels.add(opts.label)
                name = opts.verbose_name if number == 1 else opts.verbose_name_plural
                with translation.override(language):
                    assert (
                        str(name)
                        in shown.partition(str(number))[
                            0 if language in UNCHANGED else 2
                        ]
                    )
    assert all(len(labels) > 5 for labels in counted.values())
