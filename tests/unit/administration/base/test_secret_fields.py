"""Nothing that is secret is shown, sorted by, searched, exported or answered."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import flatten, flatten_fieldsets
from django.contrib.auth.hashers import get_hashers
from django.core.management import call_command
from django.db import models
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import events
from accounts.models import Account, SecurityEvent
from accounts.secretfields import HARMLESS_COLUMNS, SECRET_COLUMNS, SECRET_NAMES
from api.service import service
from tests.signedin import sign_in_verified
from tests.unit.administration.lookups import MODELS
from tests.unit.administration.pages import ROLES_OF
from tests.unit.administration.secrets import (
    fill_secrets,
    make_what_else_is_secret,
    shown_of,
)
from tests.unit.administration.steps import rows_exported
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.one_database

SOUNDS_SECRET = re.compile(
    "key|hash|digest|selector|attempt|secret|token|passw|seed|code|session|salt|sign_"
    "|credential|handle|taken|nonce|cookie|challenge|public|private|data|head|proof"
)
# A widget that tells whether there is a web password, and no part of it: see below.
WEB_PASSWORD = ("accounts.Account", "password")


# --- the list of them -----------------------------------------------------------------


def test_every_column_that_sounds_secret_is_said_to_be_or_not_to_be() -> None:
    columns = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if SOUNDS_SECRET.search(field.name)
        or isinstance(field, models.BinaryField | models.UUIDField)
    }
    secret = {
        f"{label}.{name}" for label, names in SECRET_COLUMNS.items() for name in names
    }

    assert columns == secret | HARMLESS_COLUMNS.keys()
    assert not secret & HARMLESS_COLUMNS.keys()
    assert all(HARMLESS_COLUMNS.values())


def test_events_tell_of_no_secret_field_what_is_in_it() -> None:
    for name in SECRET_NAMES | {"password1", "token", "code"}:
        told = events.describe_changes({name: "old value"}, {name: "new value"})

        assert told == {"changed": {name: ["•••", "•••"]}}


# --- what pages are made of -----------------------------------------------------------


def secrets_in(model: type[Model], names: Any) -> Iterator[tuple[str, str]]:
    """The secret columns among names of fields, also those of related models."""
    for path in names:
        at: Any = model
        for name in str(path).lstrip("-").split("__"):
            if name in SECRET_COLUMNS.get(at._meta.label, ()):
                yield at._meta.label, name
            known = {field.name: field for field in at._meta.get_fields()}
            at = getattr(known.get(name), "related_model", None)
            if at is None:
                break


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("model", MODELS)
def test_no_page_is_made_of_what_is_secret(
    own: World, rf: Any, settings: Settings, model: type[Model], *, hides: bool
) -> None:
    settings.OTP_ADMIN_HIDE_SENSITIVE_DATA = hides
    page: Any = admin.site.get_model_admin(model)
    opts = model._meta
    row = own.rows[f"{opts.app_label}_{opts.model_name}"]
    request = rf.get("/")
    for role in ("superuser", "auditor"):
        request.user = make_administrator(role, own.domain)
        names = [
            *page.get_list_display(request),
            *(page.get_sortable_by(request) or ()),
            *page.get_ordering(request),
            *page.get_search_fields(request),
            *(str(each) for each in page.get_list_filter(request)),
            *flatten_fieldsets(page.get_fieldsets(request, row)),
            *page.get_readonly_fields(request, row),
            *page.get_autocomplete_fields(request),
            *page.raw_id_fields,
            *(opts.ordering or ()),
        ]
        inlines = [
            (inline.model, flatten(inline.fields))
            for inline in page.get_inlines(request, row)
        ]

        found = {
            each
            for about, chosen in [(model, names), *inlines]
            for each in secrets_in(about, chosen)
        }
        assert found <= {WEB_PASSWORD}
        assert not {"public_key_hex", "qrcode_link", "config_url"} & {*names}
        assert page.fields or page.fieldsets or not SECRET_COLUMNS.get(opts.label)


def test_no_hash_of_a_web_password_is_summed_up_for_anybody() -> None:
    assert len(get_hashers()) > 3
    for hasher in get_hashers():
        assert hasher.safe_summary("any") == {}


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("view", ["config", "qrcode"])
def test_the_librarys_pages_of_a_seed_open_for_nobody(
    administrator: Client, own: World, settings: Settings, view: str, *, hides: bool
) -> None:
    settings.OTP_ADMIN_HIDE_SENSITIVE_DATA = hides
    device = own.rows["otp_totp_totpdevice"]

    page = reverse(f"admin:otp_totp_totpdevice_{view}", args=[device.pk])

    assert administrator.get(page).status_code == 403


def test_the_answers_of_the_api_have_no_field_of_such_a_name() -> None:
    schemas = service.get_openapi_schema(path_prefix="/")["components"]["schemas"]

    names = {name for shape in schemas.values() for name in shape["properties"]}

    assert len(names) > 20
    assert not names & SECRET_NAMES


# --- what pages say -------------------------------------------------------------------


@pytest.fixture
def values(own: World) -> set[str]:
    """What is in the secret columns of everything that there is."""
    passkey = own.rows["django_otp_webauthn_webauthncredential"]
    make_what_else_is_secret(own.owner, passkey)
    return fill_secrets()


def test_a_part_of_a_secret_is_found() -> None:
    assert shown_of({"0123456789"}, "<td>abc345678xyz") == {"0123456789"}
    assert not shown_of({"0123456789"}, "<td>34567 890")
    assert shown_of({"q123"}, "<td>q123</td>") == {"q123"}


@pytest.mark.parametrize("role", ROLES_OF)
def test_no_page_says_what_is_secret(
    own: World, values: set[str], settings: Settings, role: str
) -> None:
    settings.OTP_ADMIN_HIDE_SENSITIVE_DATA = False
    account = make_administrator(role, own.domain)
    values = values | fill_secrets()
    account.refresh_from_db()  # its session ends with its web password
    browser = sign_in_verified(account)
    seen = 0
    for model in MODELS:
        opts = model._meta
        label = f"{opts.app_label}_{opts.model_name}"
        views: list[Any] = [("changelist", []), ("add", [])]
        views += [(view, [own.rows[label].pk]) for view in ("change", "history")]
        views += [("delete", [own.rows[label].pk])]
        for view, args in views:
            answer = browser.get(reverse(f"admin:{label}_{view}", args=args))
            seen += answer.status_code == 200
            session = browser.session.session_key
            found = shown_of({*values, str(session)}, answer.text)
            assert not found, (label, view)
            assert "argon2" not in answer.text

    assert seen > 20 or role in {"no group", "domain without one"}


def test_no_export_and_no_record_holds_what_is_secret(
    own: World, values: set[str], tmp_path: Path
) -> None:
    administrator = sign_in_verified(make_administrator("superuser", own.domain))
    device = own.rows["otp_totp_totpdevice"]
    form = {
        "name": "App",
        "step": 30,
        "t0": 0,
        "digits": 6,
        "tolerance": 1,
        "drift": 0,
        "throttling_failure_count": 0,
        "confirmed": "on",
    }
    page = reverse("admin:otp_totp_totpdevice_change", args=[device.pk])
    assert administrator.post(page, form | {"key": "00" * 20}).status_code == 302
    page = reverse("admin:auth_user_password_change", args=[own.owner.pk])
    new = {"password1": "other words", "password2": "other words"}
    assert administrator.post(page, new | {"set-password": "1"}).status_code == 302

    file = tmp_path / "mailboxes.csv"
    call_command("export_accounts", str(file), stdout=StringIO())
    answer = administrator.post("/admin/accounts/securityevent/export/")
    written = [
        file.read_text(),
        str(rows_exported(answer)),
        str(list(SecurityEvent.objects.values())),
        str(list(LogEntry.objects.values())),
    ]

    values |= {"other words", *Account.objects.values_list("password", flat=True)}
    assert LogEntry.objects.count() == 2
    assert own.owner.address in written[0] + written[2]
    for text in written:
        assert not shown_of(values, text)
