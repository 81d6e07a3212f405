"""The reference of the API, for people."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from api.service import service
from provisioning.models import ApiToken


@login_not_required
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show all operations, from the schema that programs read."""
    schema = service.get_openapi_schema(path_prefix="/api/v1/")
    context = {
        "operations": list(_operations(schema)),
        "schemas": [
            (
                name,
                [(each, _about(about)) for each, about in shape["properties"].items()],
            )
            for name, shape in schema["components"]["schemas"].items()
        ],
        "scopes": ApiToken.Scope.choices,
    }
    return render(request, "api/docs.html", context)


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
