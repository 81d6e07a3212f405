"""Lines as Dovecot writes them to its log."""

from typing import Any

# What stands between the time and our own words, by the version of Dovecot.
PREFIXES = {
    "2.3": "auth-worker(22): Info: conn unix:auth-worker (pid=9,uid=103): "
    "auth-worker<2>: lua({name},{ip},<J/AeV/hgfrZ/AAAB>): ",
    "2.4": "auth-worker({name},{ip})<22><J/AeV/hgfrZ/AAAB>: request [2]: Info: lua: ",
}
DEFAULTS: dict[str, Any] = {
    "dovecot": "2.3",
    "day": 23,
    "hour": 21,
    "minute": 33,
    "second": 10,
    "name": "alice@example.com",
    "ip": "192.0.2.7",
    "protocol": "imap",
    "again": None,
    "webmail": None,
    "address": None,
}


def line(
    *, credential: int | None = None, reason: str | None = None, **more: Any
) -> str:
    """Return the line of a decision; None leaves out what is not in every line."""
    values = DEFAULTS | more
    number = "null" if credential is None else str(credential)
    why = "null" if reason is None else f'"{reason}"'
    outcome = "ok" if reason is None else "refused"
    again = {None: "", True: ',"again":true', False: ',"again":false'}[values["again"]]
    webmail = "" if values["webmail"] is None else f',"webmail":{values["webmail"]}'
    address = "" if values["address"] is None else f',"address":{values["address"]}'
    return (
        "2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}+0000 ".format_map(values)
        + PREFIXES[values["dovecot"]].format_map(values)
        + f'db-lua: portal {{"credential":{number},"protocol":"{values["protocol"]}",'
        + f'"outcome":"{outcome}","reason":{why}{again}{webmail.lower()}{address}}}\n'
    )


def guesses(count: int, **more: Any) -> str:
    """Return the lines of that many different wrong passwords."""
    return count * line(reason="wrong-password", again=False, **more)
