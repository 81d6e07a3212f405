"""Whoever looks for the icon where it always was finds ours."""

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client

ASKED = "/favicon.ico"


def test_browsers_are_led_to_the_icon_of_the_pages(client: Client, db: None) -> None:
    answer = client.get(ASKED)

    assert (answer.status_code, answer["Location"]) == (302, static("favicon.svg"))
    assert finders.find("favicon.svg")
