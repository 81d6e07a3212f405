"""The template tag for icons, available in every template: `{% icon "mail" %}`."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


# Cached, because the file's URL is constant and a page has up to seventy icons.
@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Return a symbol of static/icons.svg, hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("icons.svg"),
        name,
    )
