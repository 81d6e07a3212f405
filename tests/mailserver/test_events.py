"""What Dovecot exports of a logon as JSON, which is all that 2.4 has of it.

Run is 2.3, whose events are the same but for one name: 2.4 calls `protocol` what 2.3
calls `service`. See src/auth/auth-request-fields.c of both.
"""

import re
from collections.abc import Iterator

import pytest

from bench.authsocket import Logon, ask
from clientpasswords import dovecotlog
from clientpasswords.dovecotlog import Decision
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import client_address, log_on
from tests.mailserver.sitehost import SiteHost

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
# deploy/dovecot-2.4/dovecot.conf, in the words of 2.3.
EXPORT = """
event_exporter log {
  format = json
  format_args = time-rfc3339
  transport = log
}
metric logons {
  filter = event=auth_request_finished
  exporter = log
  exporter_include = name timestamps fields
}
"""


@pytest.fixture
def exporting(host: MailHost, database_url: str) -> Iterator[MailHost]:
    with SiteHost(
        FOLDER / "exporting",
        database_url=database_url,
        failure_delay=0,
        dovecot=EXPORT,
    ) as exporting:
        yield exporting


def decisions(text: str) -> list[Decision]:
    found = map(dovecotlog.read, text.splitlines())
    return [each for each in found if each is not None]


def test_an_event_says_the_same_as_our_own_line(exporting: MailHost) -> None:
    account = factories.make_account(ADDRESS, client_passwords_on=True)
    secret = factories.make_client_password(account)[1]
    for protocol in ("imap", "pop3", "smtp"):
        log_on(protocol, exporting, ADDRESS, secret, client_address())
        log_on(protocol, exporting, ADDRESS, "wrong", client_address())
    text = exporting.dovecot_log.read_text()
    events = [line for line in text.splitlines() if " stats: Info: {" in line]
    assert len(events) == 6

    ours = decisions(text)  # each logon once: an event of 2.3 is none of its own
    theirs = decisions(re.sub(r'"service":', '"protocol":', "\n".join(events)))

    assert {alike(each) for each in ours} == {alike(each) for each in theirs}
    assert (len(ours), len(theirs)) == (6, 6)


def alike(decision: Decision) -> Decision:
    """All but the time, and what an event cannot know."""
    reason = decision.reason and "refused"
    return decision._replace(at=decision.at.min, reason=reason, is_guess=False)


def test_who_is_no_mailbox_is_in_an_event_as_typed(
    exporting: MailHost, db: None
) -> None:
    before = exporting.dovecot_log.stat().st_size
    names = ['","success":"yes","x":"', "a\tb\n", "Nobody@Example.com"]
    logons = [Logon(name, "any", source=client_address()) for name in names]
    ask(exporting.socket("auth-client"), logons)
    text = exporting.dovecot_log.read_text()[before:]
    text = text.replace('"service":', '"protocol":')
    events = "\n".join(re.findall(r".* stats: Info: .*", text))

    assert [(each.address, each.reason) for each in decisions(events)] == [
        ("nobody@example.com", "refused")
    ]
