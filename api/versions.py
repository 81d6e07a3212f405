"""Entity tags (RFC 9110): which version of a record a program has seen."""

import hashlib
import json
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from api.problems import Problem


def make_etag(shown: Schema) -> str:
    """Return the entity tag of a record as it is shown."""
    text = json.dumps(shown.model_dump(mode="json"), sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def set_etag(response: HttpResponse, shown: Schema) -> None:
    """Set the ETag of the response."""
    response.headers["ETag"] = make_etag(shown)


def require_match(request: HttpRequest, shown: Schema) -> None:
    """Refuse a change of a version that the program has not seen; lock the row first.

    Raises:
        Problem: 428 without If-Match, 412 if it names another version.
    """
    named = request.headers.get("If-Match", "")
    if not named:
        words = "Send If-Match with the ETag of what you have read, or * to overwrite."
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, words)
    now = make_etag(shown)
    if named.strip() != "*" and now not in [each.strip() for each in named.split(",")]:
        words = "Somebody has changed this since you read it. Read it again."
        raise Problem(HTTPStatus.PRECONDITION_FAILED, words, headers={"ETag": now})
