"""The reference of the API, for people."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from api.service import service
from provisioning.models import ApiToken

# Name and description of a field, and whether that is in English.
Field = tuple[str, str, bool]


@login_not_required
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show all operations, from the schema that programs read."""
    schema = service.get_openapi_schema(path_prefix="/api/v1/")
    context = {
        "operations": list(_operations(schema)),
        "schemas": list(_schemas(schema)),
        "scopes": ApiToken.Scope.choices,
    }
    return render(request, "api/docs.html", context)


def _schemas(schema: dict[str, Any]) -> Iterator[tuple[str, list[Field]]]:
    """Yield each request and response with its fields, and which are in English.

    The settings of policies have descriptions in each language, other fields have not.
    """
    with translation.override("en"):
        in_english = _fields(service.get_openapi_schema(path_prefix="/api/v1/"))
    for name, fields in _fields(schema).items():
        english = in_english[name]
        yield name, [(key, text, english[key] == text) for key, text in fields.items()]


def _fields(schema: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the descriptions of the fields of each request and response."""
    return {
        name: {field: _about(about) for field, about in shape["properties"].items()}
        for name, shape in schema["components"]["schemas"].items()
    }


def _operations(schema: dict[str, Any]) -> Any:
    for place, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield {
                "path": place,
                "method": method.upper(),
                "scope": operation.get("x-scope"),
                "about": operation.get("description", ""),
                "parameters": operation.get("parameters", []),
                "sends": _name(operation.get("requestBody", {})),
            }


def _about(field: dict[str, Any]) -> str:
    """Return a short description of a field."""
    kinds = [each.get("type", "") for each in field.get("anyOf", [field])]
    text = field.get("description") or field.get("title", "")
    return f"{text} ({', '.join(kind for kind in kinds if kind)})"


def _name(body: dict[str, Any]) -> str:
    """Return the name of the schema of a request."""
    content = body.get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
