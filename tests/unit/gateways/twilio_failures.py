"""All that Twilio was seen to do, and what it means."""

import threading

import pytest

from gateways import sms
from gateways.sms import Reason, SmsError
from tests import standins
from tests.patience import PATIENCE
from tests.standins import Behaviour

NUMBER = "+12025550123"
CODE = "493817"
TEXT = f"{CODE} is your code.\n@portal.example #{CODE}"
SID = "AC5f0e8d2c6b7a41938271605948372615"
TOKEN = "b7c1d5e9f3a24608"

HTML = "<html>Bad gateway</html>"
PROBLEM = {
    "type": "https://www.twilio.com/docs/api/errors/20429",
    "title": f"Too many requests for {SID}",
    "status": 429,
    "code": 20429,
    "detail": f"{NUMBER} {TEXT}",
}
DRIPPED_HEAD = b"HTTP/1.1 201 Created\r\nX-Slow: "
DRIPPED_BODY = b"HTTP/1.1 201 Created\r\nContent-Length: 99999\r\n\r\n{"


def refuses(status: int, code: int) -> Behaviour:
    """As Twilio does: its words repeat what it was told."""
    return standins.twilio_refuses(status, code, f"{NUMBER} {SID} {TEXT} {TOKEN}")


NOT_SENT: list[tuple[str, Behaviour, Reason]] = [
    ("invalid number", refuses(400, 21211), Reason.BAD_NUMBER),
    ("no mobile number", refuses(400, 21614), Reason.BAD_NUMBER),
    ("opted out", refuses(400, 21610), Reason.OPTED_OUT),
    ("region not enabled", refuses(400, 21408), Reason.REGION),
    ("bad credentials", refuses(401, 20003), Reason.CREDENTIALS),
    ("401 with no JSON", standins.answers(401, HTML), Reason.CREDENTIALS),
    ("too many", refuses(429, 20429), Reason.TOO_MANY),
    ("too many, no JSON", standins.answers(429, HTML), Reason.TOO_MANY),
    ("too many, problem details", standins.answers(429, PROBLEM), Reason.TOO_MANY),
    ("country not enabled", refuses(403, 21408), Reason.REGION),
    ("not reachable by this sender", refuses(400, 21612), Reason.NO_ROUTE),
    ("landline", refuses(400, 21635), Reason.BAD_NUMBER),
    ("no number at all", refuses(400, 21217), Reason.BAD_NUMBER),
    ("short code", refuses(400, 21265), Reason.BAD_NUMBER),
    ("to itself", refuses(400, 21266), Reason.BAD_NUMBER),
    ("no sender", refuses(400, 21703), Reason.SENDER),
    ("no such service", refuses(404, 21701), Reason.SENDER),
    ("queue is full", refuses(429, 21611), Reason.TOO_MANY),
    ("no text", refuses(400, 21602), Reason.FILTERED),
    ("another refusal", refuses(400, 21698), Reason.REFUSED),
    ("request timed out", standins.answers(408, HTML), Reason.PROVIDER),
    ("a code that is no number", standins.answers(400, {"code": []}), Reason.PROVIDER),
]
UNKNOWN: list[tuple[str, Behaviour, Reason]] = [
    ("500", refuses(500, 20500), Reason.PROVIDER),
    ("503 with a refusal's code", refuses(503, 21211), Reason.PROVIDER),
    ("502 with HTML", standins.answers(502, HTML, kind="text/html"), Reason.PROVIDER),
    ("302", standins.answers(302, headers={"Location": "/"}), Reason.PROVIDER),
    ("307", standins.answers(307, headers={"Location": "/"}), Reason.PROVIDER),
    ("201 with HTML", standins.answers(201, HTML, kind="text/html"), Reason.PROVIDER),
    ("201 with nothing", standins.answers(201), Reason.PROVIDER),
    ("201 with a list", standins.answers(201, [1]), Reason.PROVIDER),
    ("201 with half a line", standins.cuts(standins.half("{}{}")), Reason.PROVIDER),
    (
        "problem details of an odd type",
        standins.answers(400, {**PROBLEM, "status": "odd"}),
        Reason.PROVIDER,
    ),
    ("reset", standins.cuts(), Reason.PROVIDER),
    ("no HTTP", standins.cuts(b"220 mail.example ESMTP\r\n"), Reason.PROVIDER),
]
TIMED_OUT: list[tuple[str, Behaviour]] = [
    ("hang", standins.hangs),
    ("hang after half a body", standins.stops(standins.half("{}{}"))),
    ("slow drip of the headers", standins.drips(DRIPPED_HEAD)),
    ("slow drip of the body", standins.drips(DRIPPED_BODY)),
]


def wait_for_calls() -> None:
    """Wait for the calls that outlived their time-out."""
    for thread in threading.enumerate():
        if thread.name == "sms":
            thread.join(PATIENCE)


def failure() -> SmsError:
    with pytest.raises(SmsError) as caught:
        sms.send(NUMBER, TEXT)
    return caught.value


def cases(
    *rows: tuple[str, Behaviour, Reason] | tuple[str, Behaviour],
) -> pytest.MarkDecorator:
    names = ["behaviour", "reason"][: len(rows[0]) - 1]
    return pytest.mark.parametrize(
        names, [pytest.param(*row[1:], id=row[0]) for row in rows]
    )
