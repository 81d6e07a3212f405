"""The URLs of the API: the operations of the modules that `service.py` joins."""

from django.contrib.auth.decorators import login_not_required
from django.views.decorators.http import require_safe

from api.service import service

operations = service.urls[0]
for each in operations:
    if each.callback is not None:
        # Each operation requires a token instead.
        each.callback = login_not_required(each.callback)
        if each.name == "openapi-json":
            each.callback = require_safe(each.callback)

app_name = "api"
urlpatterns = operations
