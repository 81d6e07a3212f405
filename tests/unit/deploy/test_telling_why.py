"""How often a logon worker tells why a right web password is refused."""

import json
import subprocess

from deploy.render import TEMPLATES

BEGIN, END = "local tellings, counted", "-- What to say to a client"


def told(seconds: list[int]) -> list[bool]:
    """Whether it tells at each of these seconds; it may tell every tenth."""
    script = (TEMPLATES / "dovecot" / "portal.lua").read_text()
    part = BEGIN + script.partition(BEGIN)[2].partition(END)[0]
    times = ", ".join(map(str, seconds))
    program = f"""
    local TOLD_A_SECOND, TOLD_AT_MOST = 0.1, 1
    local now = {seconds[0]}
    os.time = function() return now end
    {part}
    local told = {{}}
    for _, time in ipairs({{ {times} }}) do
      now = time
      table.insert(told, tostring(may_tell()))
    end
    print("[" .. table.concat(told, ",") .. "]")
    """
    done = subprocess.run(
        ["lua5.4", "-"], input=program, check=True, capture_output=True, text=True
    )
    return list(json.loads(done.stdout))


def test_it_tells_once_in_ten_seconds() -> None:
    assert told([1000, 1001, 1009, 1010, 1019]) == [True, False, False, True, False]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    assert told([9000, 1000, 1010, 1020]) == [True, False, True, True]
