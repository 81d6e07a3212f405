"""Lines as Dovecot writes them to its log."""

from typing import Any


def line(
    *, credential: int | None = None, reason: str | None = None, **more: Any
) -> str:
    values = {"second": 10, "name": "alice@example.com", "ip": "192.0.2.7"} | more
    name, ip, protocol = values["name"], values["ip"], values.get("protocol", "imap")
    number = "null" if credential is None else str(credential)
    why = "null" if reason is None else f'"{reason}"'
    outcome = "ok" if reason is None else "refused"
    return (
        f"2026-11-23T21:33:{values['second']:02}+0000 auth-worker(22): Info: conn "
        "unix:auth-worker (pid=9,uid=103): auth-worker<2>: "
        f"lua({name},{ip},<J/AeV/hgfrZ/AAAB>): db-lua: portal "
        f'{{"credential":{number},"protocol":"{protocol}",'
        f'"outcome":"{outcome}","reason":{why}}}\n'
    )
