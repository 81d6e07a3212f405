"""The installed Dovecot's names for what tests write or read themselves.

All tests run on either version; only this file knows which is installed.
"""

import re
from dataclasses import dataclass

from deploy.values import installed_dovecot

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} "


@dataclass(frozen=True)
class DovecotDialect:
    """The names of one version of Dovecot."""

    # The language of the blocks of docs/mailbox-features.md for this version.
    language: str
    # The first lines of a main file.
    first: str
    # Whether Dovecot makes a look-up after each start (warm-up.conf).
    warms_up: bool
    # Settings that end processes as soon as nobody needs them.
    ends_idle: str
    # Settings for one logon worker.
    one_worker: str
    # The size in the documented quota, up to its number.
    storage: str
    # The script's line: `user`, `source` and `json`. How any line about a logon begins.
    # Whether it names the user where a password has forbidden characters.
    decided: re.Pattern[str]
    starts: re.Pattern[str]
    names_all_refused: bool
    # A line that a client would like to forge, up to its JSON; and in it, behind what
    # Dovecot's own words about the process end.
    forged: str
    process: str


OF_2_3 = DovecotDialect(
    language="conf",
    first="",
    warms_up=False,
    ends_idle="default_idle_kill = 1 secs\n",
    one_worker="auth_worker_max_count = 1\n",
    storage="storage=",
    decided=re.compile(
        r"^\S+ auth-worker\(\d+\): Info: conn unix:auth-worker \([^)]*\): "
        r"auth-worker<\d+>:"
        r" lua\((?P<user>[^,]*),(?P<source>[^,)]*)(,<[^>]*>)?\): db-lua:"
        r" portal (?P<json>.*)$",
        re.MULTILINE,
    ),
    starts=re.compile(TIME + r"auth(-worker\(\d+\))?: Info: "),
    names_all_refused=False,
    forged="auth-worker(1): Info: conn unix:auth-worker (pid=1,uid=1):"
    " auth-worker<1>: lua(a@x.org,127.0.0.1): db-lua: ",
    process="lua(",
)
OF_2_4 = DovecotDialect(
    language="conf-2.4",
    first="dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n",
    warms_up=True,
    ends_idle="default_idle_kill_interval = 1 secs\n",
    one_worker="service auth-worker {\n"
    "  process_limit = 1\n"
    "  process_min_avail = 1\n"
    "}\n",
    storage="storage_size = ",
    decided=re.compile(
        r"^\S+ auth-worker\((?P<user>[^,]*),(?P<source>[^,)]*)\)<\d+>(<[^>]*>)?:"
        r" request \[\d+\]: Info: lua: db-lua: portal (?P<json>.*)$",
        re.MULTILINE,
    ),
    starts=re.compile(
        TIME + r"auth(-worker)?(\([^)]*\))?(<[^>]*>)*: (request \[\d+\]: )?Info: "
    ),
    names_all_refused=True,
    forged="auth-worker(a@x.org,127.0.0.1)<1>: request [1]: Info: lua: db-lua: ",
    process="auth-worker(",
)
DOVECOT = OF_2_3 if installed_dovecot() == "2.3" else OF_2_4


def protocols_and(*names: str) -> str:
    """Return the setting that adds protocols to the present ones."""
    if DOVECOT is OF_2_3:
        return f"protocols = $protocols {' '.join(names)}\n"
    return "".join(f"protocols {{\n  {name} = yes\n}}\n" for name in names)


def mail_in(location: str) -> list[str]:
    """Return the settings for mail in this format and folder, `format:folder`."""
    if DOVECOT is OF_2_3:
        return [f"mail_location={location}"]
    driver, _, path = location.partition(":")
    return [f"mail_driver={driver}", f"mail_path={path}"]
