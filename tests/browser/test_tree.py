"""What a screen reader is given: the accessibility tree of the three main screens."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Account
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

LIST = """
- main:
  - heading "Account Security" [level=1]
  - region "Third-Party Client Logon Security Management":
    - heading "Third-Party Client Logon Security Management" [level=2]
    - heading "Third-Party Client Security Password" [level=3]
    - switch "Third-Party Client Security Password" [checked] [disabled]
    - paragraph: >-
        Your administrator requires security passwords. You cannot turn this off.
        The rule comes from the policy of bob@example.com.
    - heading "Security passwords (1 of 10)" [level=3]
    - link "Connect a device"
    - link "Generate New Password"
    - region "Last 30 days (days in UTC)":
      - heading "Last 30 days (days in UTC)" [level=4]
      - paragraph: No mail program has signed in.
    - list:
      - listitem:
        - heading "My iPhone" [level=4]:
          - link "My iPhone"
        - term: Created
        - definition:
          - time
        - paragraph: Never used
        - link "Replace My iPhone"
        - link "Delete My iPhone"
    - paragraph:
      - link "I lost a device"
      - link "Delete all"
      - link "Last sign-ins"
    - paragraph: Codes go to your phone +1 ••• •••• ••24.
    - group:
      - heading "Server settings" [level=3]
    - group: Which password do I use where?
"""
IDENTITY = """
- dialog "Identity authentication":
  - heading "Identity authentication" [level=2]
  - paragraph: We send a code to your phone +1 ••• •••• ••24.
  - textbox "Dynamic Captcha"
  - button "Get Dynamic Captcha"
  - status
  - group: Not received?
  - link "Cancel"
  - button "Next"
"""
CODE_SENT = """
- dialog "Identity authentication":
  - textbox "Dynamic Captcha"
  - button /Send again in \\d+ s/ [disabled]
  - status: Code sent. It is valid for 5 minutes.
  - link "Cancel"
  - button "Next"
"""
REVEAL = """
- dialog "Your new security password":
  - heading "Your new security password" [level=2]
  - paragraph: Shown only once. Copy it now.
  - status: /[a-z2-9]{4} [a-z2-9]{4} [a-z2-9]{4} [a-z2-9]{4}/
  - button "Copy"
  - group: Spell it out
  - group "Where will you use it?":
    - radio "Thunderbird" [checked]
    - list
    - radio "Another program"
    - group: On another device
  - textbox "Device"
  - group: Server settings
  - group: Limit what it may be used for
  - list:
    - listitem: Copy
    - listitem: Paste
    - listitem: Connect
  - status: Waiting for the first sign-in…
  - button "OK"
"""


def test_the_list(visit: Visit, bob: Account) -> None:
    factories.make_client_password(bob, "My iPhone")
    page = visit(steps.AREA, bob)

    expect(page.get_by_role("main")).to_match_aria_snapshot(f"{LIST}  - status")


def test_the_identity_window(visit: Visit, bob: Account) -> None:
    page = visit(steps.NEW, bob)
    window = steps.window(page, "Identity authentication")

    expect(window).to_match_aria_snapshot(IDENTITY)
    steps.get_code(page)
    expect(window).to_match_aria_snapshot(CODE_SENT)


def test_the_reveal(visit: Visit, bob: Account) -> None:
    page = visit(steps.NEW, bob)
    steps.issue(page)

    expect(steps.window(page, steps.SHOWN)).to_match_aria_snapshot(REVEAL)
    described = page.locator("output").get_attribute("aria-describedby")
    expect(page.locator(f"#{described}")).to_have_text(re.compile("only once"))
