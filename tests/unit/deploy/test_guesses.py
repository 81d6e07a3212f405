"""What a logon worker remembers of guesses, and for how long."""

import json
import subprocess

from deploy.render import TEMPLATES

# `now` is the clock; `try(1, 2)` is the first password, tried from the second network.
CLOCK = """
now = 1000000
os.time = function() return now end
local function load_guesses(...) %s end
local guesses = load_guesses({ digest = function() return "" end })
local function try(password, network)
  local client = string.pack(">I2I2I4I8", 0x2001, 0xdb8, network, 1)
  return guesses.try(string.format("%%x aa", password * 0x10000), client)
end
"""


def run(script: str) -> object:
    """Run a piece of Lua after `guesses.lua`; return what it says, read as JSON."""
    text = (TEMPLATES / "dovecot" / "guesses.lua").read_text()
    text = text.replace("@GUESSES_AN_ACCOUNT@", "10")
    text = text.replace("@GUESSES_A_NETWORK@", "100")
    done = subprocess.run(
        ["lua5.4", "-"],
        input=CLOCK % text + script,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_who_guessed_too_much_is_heard_again_within_twenty_minutes() -> None:
    minutes = run(
        """
        for password = 1, 10 do guesses.note_failure(try(password, 1), true) end
        local minutes = 0
        while guesses.too_many(try(11, 1)) do minutes, now = minutes + 1, now + 60 end
        print(minutes)
        """
    )

    assert minutes == 20


def test_a_slow_guesser_is_not_heard_more_than_a_quick_one() -> None:
    heard = run(
        """
        local heard = 0
        for password = 1, 24 * 60 do
          now = now + 60
          if not guesses.too_many(try(password, 1)) then
            guesses.note_failure(try(password, 1), true)
            heard = heard + 1
          end
        end
        print(heard)
        """
    )

    assert isinstance(heard, int)
    assert 400 <= heard <= 24 * 6 * 10


def test_a_wrong_password_is_known_for_an_hour_and_while_it_is_repeated() -> None:
    known = run(
        """
        local function after(minutes)
          now = now + minutes * 60
          return tostring(guesses.note_failure(try(1, 1), true))
        end
        print(string.format("[%s, %s, %s, %s, %s]",
          after(0), after(59), after(59), after(59), after(121)))
        """
    )

    assert known == [False, True, True, True, False]


def test_a_right_password_is_known_there_for_an_hour_and_while_it_is_typed() -> None:
    known = run(
        """
        guesses.note_verified(try(1, 1), true)
        local function after(minutes)
          now = now + minutes * 60
          local is_known = guesses.is_known_right(try(1, 1))
          if is_known then guesses.note_verified(try(1, 1), true) end
          return tostring(is_known)
        end
        print(string.format("[%s, %s, %s, %s, %s, %s]",
          tostring(guesses.is_known_right(try(1, 2))),
          tostring(guesses.is_known_right(try(2, 1))),
          after(59), after(59), after(59), after(121)))
        """
    )

    assert known == [False, False, True, True, True, False]


def test_a_wrong_password_is_hashed_three_times_and_others_are_still() -> None:
    hopeless = run(
        """
        local found = {}
        for _ = 1, 4 do
          table.insert(found, tostring(guesses.is_hopeless(try(1, 1))))
          guesses.note_verified(try(1, 1), false)
        end
        for _ = 1, 9 do guesses.note_failure(try(2, 1), true) end
        table.insert(found, tostring(guesses.is_hopeless(try(2, 1))))
        print("[" .. table.concat(found, ",") .. "]")
        """
    )

    # The second failed for another reason: its hash was never computed.
    assert hopeless == [False, False, False, True, False]


def test_an_account_is_familiar_for_a_day() -> None:
    locked = run(
        """
        guesses.note_success(try(0, 1))
        local function after(hours)
          now = now + hours * 3600
          for password = 1, 10 do guesses.note_failure(try(password, 1), true) end
          return tostring(guesses.too_many(try(11, 1)))
        end
        print(string.format("[%s, %s, %s]", after(0), after(23), after(26)))
        """
    )

    assert locked == [False, False, True]


def test_a_clock_that_is_turned_back_locks_nobody() -> None:
    locked = run(
        """
        for password = 1, 10 do guesses.note_failure(try(password, 1), true) end
        local before = guesses.too_many(try(11, 1))
        now = now - 86400
        guesses.too_many(try(11, 1))
        now = now + 1200
        print(string.format("[%s, %s]", before, guesses.too_many(try(11, 1))))
        """
    )

    assert locked == [True, False]


def test_a_flood_of_guesses_finds_room_and_no_more() -> None:
    kilobytes = run(
        """
        for network = 1, 20000 do
          for password = 1, 5 do
            guesses.note_failure(try(password, network), true)
            guesses.note_success(try(password, network))
          end
        end
        collectgarbage()
        print(math.floor(collectgarbage("count")))
        """
    )

    assert isinstance(kilobytes, int)
    assert kilobytes < 1000
