"""The API against its own OpenAPI document: every operation, whatever is sent.

No request is answered with a 500, nor by a status, a type or a body that the document
does not know. Asked with a token of every scope, of each scope alone, and with none.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy
from pytest_django import Settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from accounts.models import Domain
from api.service import service
from clientpasswords.models import ClientPassword
from provisioning.models import ApiToken
from tests.soak import tries
from tests.unit.api import operations
from tests.unit.api.conftest import make_token
from tests.unit.api.mailboxsteps import ANY
from tests.unit.api.operations import ERIN, OPERATIONS

pytestmark = [pytest.mark.soak, pytest.mark.both_databases, pytest.mark.django_db]

load_all_checks()
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
CONFORMS: Any = CHECKS.get_by_names(NAMES)


@cache
def document() -> Any:
    text = service.get_openapi_schema(path_prefix="/api/v1/")
    made = schemathesis.openapi.from_dict(json.loads(json.dumps(text, default=str)))
    made.app = get_wsgi_application()
    return made


def described() -> Iterator[Any]:
    return (each.ok() for each in document().get_all_operations())


EVERY = {f"{each.method.upper()} {each.path}": each for each in described()}


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Keep the connection with the test's transaction, as Django's client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def host(db: None, settings: Settings, _one_connection: None) -> Domain:
    settings.API_REQUESTS_PER_MINUTE = settings.API_REFUSALS_PER_NETWORK_MINUTE = 10**6
    return operations.make_host()


def test_every_operation_is_described() -> None:
    assert len(EVERY) == len(OPERATIONS)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_answered_that_the_document_does_not_know(
    host: Domain, name: str, mode: GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {make_token()}"}
    often = tries(8)
    # Of records that are there, if it is about one; and of what is made up.
    check(EVERY[name].as_strategy(mode, **of_what_is_there(name)), headers, often)
    check(EVERY[name].as_strategy(mode), headers, often)


@pytest.mark.parametrize("scope", [*ApiToken.Scope, None])
def test_nor_to_a_token_of_one_scope(
    host: Domain, scope: ApiToken.Scope | None
) -> None:
    token = make_token("one", scope) if scope else "none"
    headers = {"Authorization": f"Bearer {token}"}
    for name, operation in EVERY.items():
        check(operation.as_strategy(**of_what_is_there(name)), headers, tries(1))


def of_what_is_there(name: str) -> dict[str, Any]:
    """Return what a call to this operation needs to find a record, and change it."""
    row = ClientPassword.objects.get(account__address=ERIN)
    names = {"domains": "firm.example", "policies": "Standard"}
    filled = {"address": ERIN, "name": names.get(name.split("/")[3]), "pk": row.pk}
    places = {each: filled[each] for each in filled if f"{{{each}}}" in name}
    fixed: dict[str, Any] = {"path_parameters": places} if places else {}
    if name.startswith(("PUT", "PATCH")):
        fixed["headers"] = ANY
    return fixed


def check(
    cases: SearchStrategy[Case[Any]], headers: dict[str, str], often: settings
) -> None:
    @often
    @given(case=cases)
    def run(case: Case[Any]) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CONFORMS)

    run()
