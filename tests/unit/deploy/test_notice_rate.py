"""How often a logon worker sends a notice to a right web password it refuses."""

import json
import subprocess

from deploy.render import TEMPLATES

BEGIN, END = "local notices_left, counted", "-- Return the notice of"


def notices_at(seconds: list[int]) -> list[bool]:
    """Whether it may send one at each of these seconds; the rate is 0.1 a second."""
    script = (TEMPLATES / "dovecot" / "portal.lua").read_text()
    part = BEGIN + script.partition(BEGIN)[2].partition(END)[0]
    times = ", ".join(map(str, seconds))
    program = f"""
    local NOTICES_A_SECOND, MOST_NOTICES = 0.1, 1
    local now = {seconds[0]}
    os.time = function() return now end
    {part}
    local sent = {{}}
    for _, time in ipairs({{ {times} }}) do
      now = time
      table.insert(sent, tostring(spend_notice()))
    end
    print("[" .. table.concat(sent, ",") .. "]")
    """
    done = subprocess.run(
        ["lua5.4", "-"], input=program, check=True, capture_output=True, text=True
    )
    return list(json.loads(done.stdout))


def test_it_sends_one_notice_in_ten_seconds() -> None:
    assert notices_at([1000, 1001, 1009, 1010, 1019]) == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    assert notices_at([9000, 1000, 1010, 1020]) == [True, False, True, True]
