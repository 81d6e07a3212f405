"""The icons of the portal's pages: `{% icon "mail" %}`, known to every template."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


# Where the file lies does not change while we run, and a page has up to seventy icons.
@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Return a symbol of static/icons.svg, for the eye only."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("icons.svg"),
        name,
    )
