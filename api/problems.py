"""Refusals as programs read them: `application/problem+json`, RFC 9457."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"
# Field by field: a JSON pointer (RFC 6901) into what was sent, and what is wrong.
FieldErrors = Mapping[str, str]


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
    """The same for what does not exist and for what is none of the token's business."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no such {what}.")


def make_response(problem: Problem) -> HttpResponse:
    """Return the problem as an answer."""
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
