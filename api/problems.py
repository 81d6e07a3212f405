"""Error responses: `application/problem+json`, RFC 9457."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"
# The errors by JSON pointer (RFC 6901) into the request.
FieldErrors = Mapping[str, str]
# What `make_response` writes, as the OpenAPI document describes it (JSON Schema).
SCHEMA = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Always about:blank."},
        "title": {"type": "string", "description": "What the status means."},
        "status": {"type": "integer", "description": "The status of the response."},
        "detail": {"type": "string", "description": "Why, in a sentence."},
        "errors": {
            "type": "array",
            "description": "The fields at fault: a JSON pointer, and what is wrong.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class Problem(Exception):
    """The request is refused with this status, for this reason."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: FieldErrors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.errors = errors or {}
        self.headers = headers or {}
        super().__init__(detail)


def not_found(what: str) -> Problem:
    """Return the same problem for missing records and for invisible ones."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no such {what}.")


def make_response(problem: Problem) -> HttpResponse:
    """Return the response for a problem."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [
            {"pointer": pointer, "detail": detail}
            for pointer, detail in problem.errors.items()
        ]
    return HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status=problem.status.value,
        content_type=CONTENT_TYPE,
        headers=dict(problem.headers),
    )


def describe_responses(statuses: Iterable[HTTPStatus]) -> dict[int, Any]:
    """Return the refusals with these statuses as the OpenAPI document lists them."""
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status.value: {"description": status.phrase, "content": content}
        for status in statuses
    }
