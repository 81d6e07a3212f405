"""What is shown, asked, compared, copied or exported was listed by somebody.

Where it is "everything but", a new column is shown by itself.
"""

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten, flatten_fieldsets
from django.db import models
from django.forms import BaseModelForm
from django.test import RequestFactory
from ninja import ModelSchema

from accounts.models import Account, Policy
from accounts.models.policy import OTHER_POLICY_FIELDS, POLICY_SETTINGS
from accounts.notify import notices
from administration.policies import effective
from administration.policies import page as policies_page
from api import schemas
from clientpasswords import refusals
from provisioning import operations
from tests.databases import APPS, ROOT
from tests.factories import make_account, make_domain, make_policy
from tests.unit.api.conftest import OPERATOR

OURS = [*APPS, "deploy"]
PAGES = list(admin.site._registry.values())
# Forms by which Django makes others; they name no fields of their own.
NOT_ASKED = {"ModelForm", "BaseModelForm"}
ALL_OF_THEM = {"fields", "fields_optional"}
NEW = "surprise"
# Answers whose loss at the end of an exception refuses nothing, so that nobody is told.
REFUSES_NOTHING = {
    "required_from",
    "report_only",  # a part of whether they are required
    "max_client_passwords",
    "code_to_switch_off",
    "owner_sets_phone",
    "suspend_unused_days",
    "suspend_never_used_hours",  # told by `inactivity`
}

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


# --- the settings of a policy ---------------------------------------------------------


def test_every_column_of_a_policy_is_a_setting_or_is_declared_to_be_none() -> None:
    unsaid = {
        field.name
        for field in Policy._meta.fields
        if field.name not in {*POLICY_SETTINGS, *OTHER_POLICY_FIELDS}
    }

    assert not unsaid, (
        f"{unsaid} is no setting of a policy and not declared to be none: add it to "
        "one of the sections of POLICY_SETTINGS in accounts/models/policy.py, if "
        "administrators say it, or to OTHER_POLICY_FIELDS, if the portal keeps it."
    )
    assert not {*POLICY_SETTINGS} & {*OTHER_POLICY_FIELDS}
    assert len({*POLICY_SETTINGS}) == len(POLICY_SETTINGS)


def test_what_a_policy_says_is_the_same_wherever_it_is_shown_asked_or_taken() -> None:
    settings = set(POLICY_SETTINGS)
    policy = make_policy()
    asked = flatten_fieldsets(policies_page.PolicyAdmin.fieldsets)

    assert asked == ["name", "domain", *POLICY_SETTINGS]
    assert set(schemas.PolicySent.model_fields) == settings | {"reason"}
    assert set(schemas.PolicyOut.model_fields) == settings | {"name", "domain"}
    assert set(policy.settings) == settings
    assert len(list(effective.setting_texts(policy))) == len(settings)
    assert {
        each.policy_setting for each in refusals.REFUSALS if each.policy_setting
    } <= settings
    assert settings - REFUSES_NOTHING == set(notices.LOSSES) - {
        "client_passwords_suspended"  # the other way round of "required"
    }
    assert settings | {"name", "domain"} >= policies_page.WITHOUT_EFFECT


def test_an_exception_copies_the_settings_of_a_policy_and_nothing_besides() -> None:
    bound_by = make_policy("Own", client_password_days=30, client_networks="10.0.0.0/8")
    Policy.objects.filter(pk=bound_by.pk).update(uses_known_to="2026-01-01T00:00Z")
    make_domain("firm.example", bound_by)
    account = make_account("erin@firm.example")

    assert operations.set_policy_settings(account, {"imap": False}, None, OPERATOR)

    account.refresh_from_db()
    assert account.policy is not None
    assert account.policy.settings == bound_by.settings | {"imap": False}
    assert account.policy.uses_known_to is None


# --- pages, forms and schemas ---------------------------------------------------------


def ours(kind: Any) -> Iterator[Any]:
    """Every class of ours below this one."""
    for each in kind.__subclasses__():
        if each.__module__.partition(".")[0] in OURS:
            yield each
        yield from ours(each)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_of_the_administration_lists_its_fields(page: Any) -> None:
    says_itself = type(page).get_fieldsets is not admin.ModelAdmin.get_fieldsets
    assert page.fields or page.fieldsets or says_itself, (
        f"{page} shows every column of {page.model.__name__}, also those to come: name "
        "its `fields` or `fieldsets`."
    )
    for inline in page.inlines:
        assert inline.fields or inline.fieldsets, f"{inline} lists no fields"


def test_every_form_and_schema_of_a_model_lists_its_fields() -> None:
    forms: list[Any] = [
        form
        for form in ours(BaseModelForm)
        if form.__name__ not in NOT_ASKED and form._meta.model is not None
    ]
    kinds = [*forms, *ours(ModelSchema)]
    assert {"AccountChangeForm", "PolicySent", "PolicyOut"} <= {
        each.__name__ for each in kinds
    }
    for each in kinds:
        meta = getattr(each, "Meta", None) or each._meta
        listed = getattr(meta, "fields", None)
        assert isinstance(listed, list | tuple), f"{each} lists no fields"
        assert not getattr(meta, "exclude", None), f"{each} is made by exclusion"


def test_nothing_in_the_code_takes_all_columns_but_some() -> None:
    files = [file for name in OURS for file in (ROOT / name).rglob("*.py")]
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line in all_but(ast.parse(file.read_text()))
    ]

    assert len(files) > 200
    assert not found, f"{found}: this grows by itself with the model. Name the fields."


def all_but(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that take every column of a model, or all but some."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_open(node):
            yield node.lineno
        if isinstance(node, ast.ClassDef):
            statements = [each for each in node.body if isinstance(each, ast.Assign)]
            yield from (each.lineno for each in statements if excludes(each))


def is_open(call: ast.Call) -> bool:
    """Whether the call takes columns that it does not name."""
    called = getattr(call.func, "attr", getattr(call.func, "id", ""))
    named = {each.arg for each in call.keywords}
    if called in {"model_to_dict", "fields_for_model"}:
        return len(call.args) < 2 and "fields" not in named
    if called.endswith(("form_factory", "formset_factory")):
        return "fields" not in named
    if called in {"model_dump", "dict"}:
        return "exclude" in named
    is_bare = called in {"values", "values_list"} and not (call.args or call.keywords)
    return is_bare and is_of_rows(getattr(call.func, "value", None))


def is_of_rows(value: ast.AST | None) -> bool:
    """Whether that is a query; dictionaries have plain names, or are `vars(…)`."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Attribute) or (
            getattr(value.func, "id", "") == "QuerySet"
        )
    return getattr(value, "attr", getattr(value, "id", "")) in {"objects", "rows"}


def excludes(statement: ast.Assign) -> bool:
    """Whether it says `exclude = …`, or that the fields are all there are."""
    names = {getattr(target, "id", "") for target in statement.targets}
    is_all = getattr(statement.value, "value", None) == "__all__"
    return "exclude" in names or (
        is_all and bool({"fields", "fields_optional"} & names)
    )


# --- a column that nobody has listed --------------------------------------------------


@pytest.fixture(params=list(apps.get_models()), ids=lambda model: model._meta.label)
def grown(request: Any) -> Iterator[type[models.Model]]:
    """A model with one column more, in memory alone."""
    model = request.param
    field = models.CharField("surprise", max_length=9, default="", blank=True)
    model.add_to_class(NEW, field)
    yield model
    model._meta.local_fields.remove(field)
    delattr(model, NEW)
    for each in apps.get_models():
        opts: Any = each._meta
        opts._expire_cache()


def test_a_new_column_is_on_no_page_and_in_no_schema(
    grown: type[models.Model], rf: RequestFactory
) -> None:
    assert grown._meta.get_field(NEW).name == NEW
    request = rf.get("/")
    request.user = Account(address="root@x.example", is_superuser=True, is_staff=True)
    for page in PAGES:
        shown: list[Any] = [page.get_form(request, change=True).base_fields]
        shown.append(flatten_fieldsets(page.get_fieldsets(request, None)))
        shown.append(flatten(page.get_list_display(request)))
        shown += [
            inline.get_formset(request).form.base_fields
            for inline in page.get_inline_instances(request, None)
        ]
        for each in shown:
            assert NEW not in each, f"{page} shows what nobody has listed"
    for schema in ours(ModelSchema):
        assert NEW not in made_again(schema).model_fields
    assert NEW not in Policy().settings


def made_again(schema: Any) -> Any:
    """The schema as its module would make it of the models as they are now."""
    meta = schema.Meta
    place = {
        "__module__": meta.__module__,
        "__qualname__": meta.__qualname__.removesuffix(".Meta"),
    }
    return type("Again", (ModelSchema,), {"Meta": meta, **place})
