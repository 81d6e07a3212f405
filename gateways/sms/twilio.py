"""Twilio's Programmable Messaging; each outcome is sent, not sent, or unknown."""

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any

from requests import RequestException, Session
from requests.exceptions import (
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ProxyError,
    Timeout,
)
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from gateways.sms.errors import NotSent, Reason, SmsError, Unknown
from gateways.sms.gateway import Gateway, GatewaySetting

# What Twilio's console shows of an account.
ACCOUNT_SID = GatewaySetting(
    "TWILIO_ACCOUNT_SID",
    is_secret=True,
    pattern="AC[0-9a-fA-F]{32}",
    form="AC and 32 hexadecimal digits",
)
AUTH_TOKEN = GatewaySetting("TWILIO_AUTH_TOKEN", is_secret=True, shortest=16)
MESSAGING_SERVICE_SID = GatewaySetting(
    "TWILIO_MESSAGING_SERVICE_SID",
    is_secret=True,
    pattern="MG[0-9a-fA-F]{32}",
    form="MG and 32 hexadecimal digits",
)
SENDER = GatewaySetting("TWILIO_SENDER")
API_URL = GatewaySetting("TWILIO_API_URL", "https://api.twilio.com", is_address=True)
# Where Twilio reaches this portal to tell what became of a message; empty: nowhere.
CALLBACK_URL = GatewaySetting("TWILIO_CALLBACK_URL")
TIMEOUT = GatewaySetting("TWILIO_TIMEOUT", 5.0)

logger = logging.getLogger(__name__)

# Seconds that a message may wait at the provider, as long as a code is valid.
_VALIDITY = 300

# What their codes mean, of those that answer the request for a message or tell what
# became of one: https://www.twilio.com/docs/api/errors
_CODES_OF_REASON: dict[Reason, tuple[int | range, ...]] = {
    # No number, a landline, a short code, a premium number, our own number.
    Reason.BAD_NUMBER: (
        *(14101, 20023, 21201, 21202, 21211, 21214, 21217, 21265, 21266, 21267),
        *(21401, 21421, 21604, 21614, 21635, 30005, 30006, 30014, 63003, 63024),
    ),
    # The owner has answered STOP, or has the sender blocked.
    Reason.OPTED_OUT: (21610, 63014, 63033),
    # The country is not enabled in the account's permissions.
    Reason.REGION: (21203, 21215, 21216, 21408),
    # No network takes messages of this sender to this number.
    Reason.NO_ROUTE: (21612, 21910, 30004, 30011),
    # No number, service or registration to send by.
    Reason.SENDER: (
        *(14102, 14108, 21210, 21212, 21213, 21407, 21601, 21603, 21606, 21607, 21613),
        *(21615, 21616, 21621, 21622, 21631, 21649, 21650, 21651, 21657, 21659, 21660),
        *(21661, range(21701, 21730), 30018, 30024, range(30032, 30036)),
        *(range(30124, 30129), range(30440, 30450), range(30880, 30900)),
        *(63002, 63007, 63008),
    ),
    # The token is wrong, the account is suspended, on trial, or may not do this.
    Reason.CREDENTIALS: (
        *(14111, 20003, 20005, 20006, 20008, 20010, range(20101, 20108)),
        *(range(20151, 20161), 20403, 20404, 21219, 21470, 21471, 21472, 21608),
        *(30002, 30108, 30112, 63001, 63051),
    ),
    # Refused for what it says, or for how long it is.
    Reason.FILTERED: (
        *(14103, 21602, 21605, 21617, 21618, 30007, 30010, 30019, 63005, 63013),
        *(63021, 63026),
    ),
    # The telephone was off or out of reach for as long as the message was good.
    Reason.HANDSET: (30003, 30036),
    Reason.TOO_MANY: (
        *(14107, 20429, 21611, 30001, 30017, 30022, 30023, 30027, 30450, 63017),
        *(63018, 63038),
    ),
    # Something of theirs fails for the moment.
    Reason.PROVIDER: (
        *(20162, 20409, 20500, 20503, 21619, 21730, 30008, 30020, 30021, 30410),
        *(63009, 63010, 63012, 63023),
    ),
}

_REASON_OF_CODE = {
    code: reason
    for reason, several in _CODES_OF_REASON.items()
    for each in several
    for code in (each if isinstance(each, range) else (each,))
}
_REASON_OF_STATUS = {
    401: Reason.CREDENTIALS,
    408: Reason.PROVIDER,
    429: Reason.TOO_MANY,
}
_REFUSED = range(400, 500)

# Exceptions that are raised before any part of the message is sent.
_NEVER_LEFT = (ConnectTimeout, InvalidSchema, InvalidURL, MissingSchema, ProxyError)

# Limits concurrent calls of this process, including those that have timed out here.
_slots = BoundedSemaphore(16)


class TwilioGateway(Gateway):
    """Sends once, without retries, and returns within TWILIO_TIMEOUT seconds."""

    own_settings = (
        ACCOUNT_SID,
        AUTH_TOKEN,
        MESSAGING_SERVICE_SID,
        SENDER,
        API_URL,
        CALLBACK_URL,
        TIMEOUT,
    )
    callback = CALLBACK_URL
    needed = ((ACCOUNT_SID,), (AUTH_TOKEN,), (MESSAGING_SERVICE_SID, SENDER))
    is_for_production = True

    def send(self, number: str, text: str, status_url: str = "") -> None:
        # A socket's time-out bounds neither a silent name server nor an answer that
        # arrives byte by byte. So the call runs in its own thread, and we stop waiting
        # after the time-out. It is a daemon thread, so that it does not delay the end
        # of the process.
        results: SimpleQueue[SmsError | None] = SimpleQueue()
        arguments = (number, text, results.put, status_url)
        Thread(target=_deliver, args=arguments, name="sms", daemon=True).start()
        try:
            error = results.get(timeout=TIMEOUT.value)
        except Empty:
            error = _failure(Unknown, Reason.TIMEOUT)
        # Raised outside the handler, whose exception would become its context.
        if error:
            raise error


def get_reason(code: int) -> Reason:
    """Return what their code means of a message that they took."""
    return _REASON_OF_CODE.get(code, Reason.PROVIDER)


def _deliver(
    number: str,
    text: str,
    report: Callable[[SmsError | None], None],
    status_url: str = "",
) -> None:
    if not _slots.acquire(blocking=False):
        report(_failure(NotSent, Reason.UNREACHABLE, "busy"))
        return
    try:
        report(_post(number, text, status_url))
    finally:
        _slots.release()


def _post(number: str, text: str, status_url: str) -> SmsError | None:
    client = Client(
        ACCOUNT_SID.value,
        AUTH_TOKEN.value,
        http_client=_Wire(TIMEOUT.value),
    )
    client.api.base_url = API_URL.value
    service = MESSAGING_SERVICE_SID.value
    more = {"messaging_service_sid": service} if service else {"from_": SENDER.value}
    if status_url:
        more["status_callback"] = status_url
    try:
        client.messages.create(to=number, body=text, validity_period=_VALIDITY, **more)
    except TwilioException as error:
        return _refusal(error)
    except RequestException as error:
        return _breakdown(error)
    except (AttributeError, TypeError, ValueError) as error:
        # Twilio's library fails on a 2xx answer whose body is not the expected JSON.
        return _failure(Unknown, Reason.PROVIDER, type(error).__name__)
    return None


class _Wire(HttpClient):
    """Twilio's HttpClient on `requests`: no retry, no redirect, no log."""

    def __init__(self, bound: float) -> None:
        super().__init__(logger, is_async=False)
        self.bound = bound

    def request(self, method: str, uri: str, *args: Any, **options: Any) -> Response:
        with Session() as session:
            answer = session.request(
                method,
                uri,
                data=options["data"],
                headers=options["headers"],
                auth=options["auth"],
                # Half of the time for the connection: its failure, when nothing was
                # sent, can then be distinguished from silence after the request.
                timeout=(self.bound / 2, self.bound),
                allow_redirects=False,
            )
        # The library would take an empty text for success.
        return Response(answer.status_code, answer.text or "-", answer.headers)


def _refusal(error: TwilioException) -> SmsError:
    # They come from the answer, so they can be missing or of any type.
    found = (getattr(error, "code", None), getattr(error, "status", None))
    code, status = (value if isinstance(value, int) else 0 for value in found)
    if status not in _REFUSED:
        return _failure(Unknown, Reason.PROVIDER, code)
    # RFC 9110, 15.5: a request that was refused so is not to be sent again as it is.
    # Without a code of theirs it may have been somebody on the way who refused.
    reason = _REASON_OF_CODE.get(code) or _REASON_OF_STATUS.get(status)
    refused = Reason.REFUSED if code else Reason.PROVIDER
    return _failure(NotSent, reason or refused, code)


def _breakdown(error: RequestException) -> SmsError:
    inner = error.args[0] if error.args else None
    cause = getattr(inner, "reason", None)
    if isinstance(error, _NEVER_LEFT) or isinstance(cause, NewConnectionError):
        return _failure(NotSent, Reason.UNREACHABLE, type(error).__name__)
    # If the body stops arriving, `requests` reports a failed connection.
    is_late = isinstance(error, Timeout) or isinstance(inner, ReadTimeoutError)
    reason = Reason.TIMEOUT if is_late else Reason.PROVIDER
    return _failure(Unknown, reason, type(error).__name__)


def _failure(kind: type[SmsError], reason: Reason, detail: int | str = "-") -> SmsError:
    logger.warning("SMS %s: %s (%s)", kind.__name__, reason, detail)
    return kind(reason)


def _names_no_account(record: logging.LogRecord) -> bool:
    return "/Accounts/" not in record.getMessage()


# urllib3 logs the path with the account's SID: at DEBUG, and at WARNING if the headers
# of an answer are malformed.
for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_names_no_account)
