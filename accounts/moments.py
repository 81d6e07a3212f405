"""Moments on the portal's pages: `{{ value|moment }}`, known to every template.

They are given in the time zone of the reader, if `recipients` knows it, and
else in that of the host; what says a time says the zone as well. static/js/when.js puts
the time of the browser in its place.
"""

from datetime import UTC, datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from accounts import recipients

register = template.Library()


@register.filter
def moment(value: datetime, length: str = "short") -> SafeString:
    """Return a `<time>` with the moment and the distance of its zone from UTC.

    Its title has the second as well, whatever is shown.

    Args:
        value: An aware datetime.
        length: "long" spells the month; "short" does not; "ago" is short, and the
            script says how long ago it was; "day" is the date alone.
    """
    local = localtime(value)
    distance = recipients.describe_distance(local)
    day = date_format(local, "DATE_FORMAT")
    if length == "day":
        shown = day
    else:
        form = "DATETIME_FORMAT" if length == "long" else "SHORT_DATETIME_FORMAT"
        shown = f"{date_format(local, form)} ({distance})"
    return format_html(
        '<time datetime="{}" data-moment="{}" title="{}">{}</time>',
        value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        length,
        f"{day} {local:%H:%M:%S} ({distance})",
        shown,
    )
