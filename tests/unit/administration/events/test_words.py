"""The column *What* speaks to people: labels and values in the reader's language."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.db.models import ForeignKey, Model
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.html import strip_tags

from accounts import codes
from accounts.models import Account, MailSetting, Policy
from accounts.models.protocols import PROTOCOL_KEYS
from accounts.notify.notices import FACTS
from accounts.notify.repetition import NUMBER
from administration.base import audit
from administration.bulk import actions
from administration.events import words
from administration.events.words import describe_for_people, find_label
from administration.models import Job
from clientpasswords.models import ClientPassword
from clientpasswords.refusals import BY_KEY
from clientpasswords.scopes import Scope
from mailportal.management.commands.tidy import TIDYING
from provisioning import plans, roles
from provisioning.columns import COLUMNS
from provisioning.models import ApiToken

LANGUAGES = [code for code, _name in settings.LANGUAGES]
ROOT = Path(__file__).parents[4]
APPS = (
    "accounts",
    "api",
    "clientpasswords",
    "administration",
    "provisioning",
    "mailportal",
)
# Functions whose further arguments are the detail of an event.
WRITERS = {
    "events.record": {"by"},
    "record_sign_in": set(),
    "lifecycle.revoke": {"by", "kind"},
}


def keys_of_actions() -> Iterable[str]:
    """The fields of the forms of all bulk actions."""
    forms = [action.form() for action in actions.BULK_ACTIONS]
    return {name for form in forms for name in form.fields}


def keys_of_records() -> Iterable[str]:
    """The keys that name the records of every page of the administration."""
    return {key for model in site._registry for key in identify(model)}


def identify(model: type[Model]) -> Iterable[str]:
    needed = [
        field
        for field in model._meta.fields
        if isinstance(field, ForeignKey) and not field.null
    ]
    record = model(**{each.name: each.related_model() for each in needed})
    return audit.identify_record(record)


def keys_of_passwords() -> Iterable[str]:
    return ClientPassword().event_detail


# What details take over from values that are built at run time, and the keys of these.
BUILT: dict[str, Callable[[], Iterable[str]]] = {
    "deleted": lambda: [kept.records for kept in TIDYING],
    "done.counts": lambda: plans.OUTCOMES,
    "facts": lambda: [
        *Job(pk=1).counts(),
        *("action", "mailboxes", "stopped"),
        *keys_of_actions(),
    ],
    "repetition.NUMBER": lambda: [NUMBER],
    "identify_record(target)": keys_of_records,
    "row.event_detail": keys_of_passwords,
    "client_password.event_detail": keys_of_passwords,
    "scope.event_detail()": lambda: Scope(frozenset()).event_detail(),
    # Names of fields are walked below.
    **dict.fromkeys(["changes", "changed"], lambda: ["changed"]),
    # The keys are found where such a detail is written.
    **dict.fromkeys(["detail", "detail or {}", "event.detail"], list),
}


def walk_code() -> Iterator[ast.AST]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield from ast.walk(ast.parse(path.read_text()))


def parts_of(node: ast.AST) -> Iterator[tuple[str | None, ast.expr]]:
    """The keys and values of a detail; the key is None for what is taken over."""
    value: Any = None
    if isinstance(node, ast.keyword) and node.arg == "detail":
        value = node.value
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        value = node.value if ast.unparse(target) == "detail" else None
        value = value.body if isinstance(value, ast.IfExp) else value
    own = WRITERS.get(ast.unparse(node.func)) if isinstance(node, ast.Call) else None
    if isinstance(node, ast.Call) and own is not None:
        yield from (
            (each.arg, each.value) for each in node.keywords if each.arg not in own
        )
    if isinstance(value, ast.Dict):
        for key, each in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), each
            else:
                yield None, each if key is None else key


def written() -> tuple[set[str], set[str]]:
    """All keys that are in the code, and what is built at run time."""
    parts = [part for node in walk_code() for part in parts_of(node)]
    keys = {key for key, _value in parts if key is not None}
    return keys, {ast.unparse(value) for key, value in parts if key is None}


def labels(name: str, *, is_field: bool = False) -> dict[str, str]:
    """The label in each language."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = find_label(name, is_field=is_field)
    return found


def is_translated(name: str, *, is_field: bool = False) -> bool:
    """Whether the Chinese labels are of their own; German shares words with English."""
    found = labels(name, is_field=is_field)
    english = {found["en"].casefold(), name.casefold()}
    return not english & {found["zh-hans"].casefold(), found["zh-hant"].casefold()}


def test_the_walk_finds_the_keys_of_details() -> None:
    keys, _built = written()

    expected = {"device", "until", "outcome", "passkey", "job", "mails", "replaces"}
    assert expected <= keys | set(FACTS)


def test_no_detail_is_built_of_what_the_walk_does_not_know() -> None:
    _keys, built = written()
    fields = {each for each in built if each.startswith("events.describe_changes(")}

    assert built - fields == set(BUILT)


@pytest.mark.django_db
def test_every_key_of_every_detail_has_a_label_in_every_language() -> None:
    keys, _built = written()
    keys |= {key for build in BUILT.values() for key in build()}
    keys |= {*FACTS, *words.LABELS} - words.FOR_PROGRAMS

    missing = {key for key in keys - words.FOR_PROGRAMS if not is_translated(key)}
    assert missing == set(PROTOCOL_KEYS)


@pytest.mark.parametrize(("kind", "key"), words.LABELS_OF_KIND)
def test_what_a_key_means_in_one_kind_has_a_label(kind: str, key: str) -> None:
    for language in LANGUAGES:
        with translation.override(language):
            assert find_label(key, kind) != find_label(key)


def test_every_field_that_is_recorded_has_a_label_in_every_language() -> None:
    """The fields of all pages, the columns of imports and the API, and settings."""
    request = RequestFactory().get("/")
    request.user = Account(is_superuser=True, is_staff=True, is_active=True)
    names = {
        field.name
        for model, page in site._registry.items()
        for field in [*model._meta.fields, *model._meta.many_to_many]
        if field.editable and page.has_change_permission(request)
    }
    names |= {column.field for column in COLUMNS if not column.event}
    names |= {*Policy().settings, MailSetting.WEBMAIL_NETWORKS, "permissions"}

    untranslated = {name for name in names if not is_translated(name, is_field=True)}
    on_no_page = {"id", "key", "last_t"}
    assert untranslated - on_no_page == set(PROTOCOL_KEYS)


def test_every_refusal_of_a_code_has_words() -> None:
    classes = {each.__name__ for each in codes.CodeError.__subclasses__()}

    assert classes - {"NotSent", "MayBeLate", "NotDelivered"} <= set(
        words.CODE_REFUSALS
    ), classes


def test_changed_fields_have_the_labels_of_their_pages() -> None:
    for name in Policy().settings:
        field: Any = Policy._meta.get_field(name)
        verbose = str(field.verbose_name)
        assert find_label(name, is_field=True).casefold() == verbose.casefold()
    for column in Account._meta.fields:
        assert find_label(column.name, is_field=True) != column.name or (
            column.name.isupper()
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_are_in_peoples_form(language: str) -> None:
    detail = {
        "required_from": "2026-12-08 20:43:00+00:00",
        "protocols": "imap smtp",
        "credential": 7,
        "action": "set_policy",
        "until": "2026-12-08T20:43:00+00:00",
        "imap": "off",
        "changed": {
            "client_passwords_required": ["no", "yes"],
            "policy_until": ["", "2026-12-08T20:43:00+00:00"],
        },
    }
    with translation.override(language), timezone.override("Asia/Singapore"):
        text = strip_tags(describe_for_people("", detail))

    for raw in ("20:43", "T20", "_", "credential", "yes", "[", "None", "imap", "7;"):
        assert raw not in text, text
    assert "IMAP, SMTP" in text
    assert "→" in text
    assert ("Security passwords required: Off → On" in text) is (language == "en")


def test_a_number_of_changed_records_is_no_change() -> None:
    with translation.override("en"):
        assert describe_for_people("", {"changed": 3, "failed": 0}) == (
            "Changed: 3; Failed: 0"
        )


VALUES_FOR_PROGRAMS = [
    *(("scopes", scope) for scope in ApiToken.Scope.values),
    *(("outcome", key) for key in BY_KEY),
    ("outcome", "web password"),
    ("outcome", "security password 7"),
    ("outcome", "no-password"),
    ("outcome", "no-such-mailbox"),
    ("domains", "all"),
    *(("permissions", right) for role in roles.GROUPS for right in role.rights),
    ("user_permissions", "accounts.export_securityevent"),
]


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_values_for_programs_are_in_words(language: str) -> None:
    with translation.override(language):
        shown = {each: words.format_value(*each) for each in VALUES_FOR_PROGRAMS}

    raw = {each for each, text in shown.items() if each[1] == text or "7" in text}
    assert not raw


def test_an_outcome_says_credential_and_reason() -> None:
    with translation.override("en"):
        text = words.format_value("outcome", "security password 7: expired")

    assert text == f"security password: {BY_KEY['expired'].label}"
