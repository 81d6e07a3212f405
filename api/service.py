"""The API with its routers and exception handlers."""

from http import HTTPStatus
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from api import domains, mailboxes, policies, problems
from api.problems import Problem


class DocumentedAPI(NinjaAPI):
    """One whose document knows how requests are refused, too."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """Return the document, with the schema that `problems` refers to."""
        document = super().get_openapi_schema(**options)
        document["components"]["schemas"]["Problem"] = problems.SCHEMA
        return document


service = DocumentedAPI(
    title="mailportal",
    version="1",
    description="For programs that keep the mailboxes of this host in step.",
    docs_url=None,  # its page loads scripts from elsewhere; ours is in api/views.py
    openapi_url="openapi.json",
    urls_namespace="api",
)
service.add_router("/accounts", mailboxes.router)
service.add_router("/domains", domains.router)
service.add_router("/policies", policies.router)


@service.exception_handler(Problem)
def handle_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problems.make_response(problem)


@service.exception_handler(AuthenticationError)
def handle_unauthenticated(request: HttpRequest, error: Any) -> HttpResponse:
    words = "Send `Authorization: Bearer` and a token that is in force."
    headers = {"WWW-Authenticate": "Bearer"}
    return problems.make_response(
        Problem(HTTPStatus.UNAUTHORIZED, words, headers=headers)
    )


@service.exception_handler(IntegrityError)
def handle_integrity_error(request: HttpRequest, error: Any) -> HttpResponse:
    words = (
        "Somebody else made the same at this moment. Nothing was changed: try again."
    )
    return problems.make_response(Problem(HTTPStatus.CONFLICT, words))


@service.exception_handler(HttpError)
def handle_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Handle errors of the library: a body that is not JSON."""
    words = "The body cannot be read: it is to be JSON in UTF-8."
    return problems.make_response(Problem(HTTPStatus(error.status_code), words))


@service.exception_handler(ValidationError)
def handle_validation_error(
    request: HttpRequest, error: ValidationError
) -> HttpResponse:
    """Name the fields with errors, without their values."""
    errors = {_pointer(each["loc"]): str(each["msg"]) for each in error.errors}
    words = "What was sent is not as it has to be. Nothing was changed."
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problems.make_response(Problem(status, words, errors=errors))


def _pointer(place: tuple[Any, ...]) -> str:
    """Return the JSON pointer to a field, without the prefix of the library."""
    inner = place[2:] if place[:1] == ("body",) else place[1:]
    return "".join(f"/{each}" for each in inner)
