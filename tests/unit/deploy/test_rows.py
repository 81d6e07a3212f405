"""What the logon script reads out of an answer of the database's."""

import json
import re
import subprocess

import pytest

from deploy.render import TEMPLATES

SCRIPT = (TEMPLATES / "dovecot" / "portal.lua").read_text()
BEGIN, END = "-- Return the next row, or nil", "-- Networks ---"
# A cursor of LuaSQL's, which gives these rows one after the other; false is none.
CURSOR = """
local rows, at = { %s }, 0
local cursor = { close = function() end }
function cursor:fetch()
  at = at + 1
  return rows[at] or nil
end
local function cursor_of() return cursor end
"""
NO_ROW = ["false", "{}"]  # of LuaSQL 2.6 and 2.8


def answer(rows: str, function: str, name: str) -> object:
    """Return what a function of the script makes of these rows, as JSON."""
    reading = BEGIN + SCRIPT.partition(BEGIN)[2].partition(END)[0]
    program = f"{CURSOR % rows}\n{reading}\n{function}\n"
    program += f"local found = {name}()\n"
    program += """
    if not found then print("null") return end
    local parts = {}
    for _, each in ipairs(found) do table.insert(parts, '"' .. each .. '"') end
    if found.address then table.insert(parts, '"' .. found.address .. '"') end
    print("[" .. table.concat(parts, ",") .. "]")
    """
    done = subprocess.run(
        ["lua5.4", "-"], input=program, check=True, capture_output=True, text=True
    )
    value: object = json.loads(done.stdout)
    return value


@pytest.mark.parametrize("nothing", NO_ROW)
def test_no_row_is_none_in_every_luasql(nothing: str) -> None:
    assert answer(nothing, "", "row_of") is None


def test_a_row_is_that_row() -> None:
    assert answer('{ address = "a@x.org" }', "", "row_of") == ["a@x.org"]


@pytest.mark.parametrize("nothing", NO_ROW)
def test_a_list_ends_where_there_are_no_more_rows(nothing: str) -> None:
    """Also the list of no mailbox at all."""
    begin = "function auth_userdb_iterate()"
    iterate = begin + SCRIPT.partition(begin)[2].partition("\nend\n")[0] + "\nend\n"
    two = '{ address = "a@x.org" }, { address = "b@x.org" }'

    assert answer(nothing, iterate, "auth_userdb_iterate") == []
    rows = f"{two}, {nothing}"
    assert answer(rows, iterate, "auth_userdb_iterate") == ["a@x.org", "b@x.org"]


def test_nothing_of_the_script_reads_rows_by_itself() -> None:
    assert len(re.findall(r":fetch\(", SCRIPT)) == 1


def test_every_look_up_has_a_column_that_is_never_null() -> None:
    """Else a row without a value would be none."""
    look_ups = SCRIPT.partition("local LOOKUPS = {")[2].partition("\n}")[0]
    selected = re.findall(r'"SELECT (.+?) FROM ', look_ups)

    assert len(selected) == len(re.findall(r"^  \w+ = ", look_ups, re.MULTILINE)) == 5
    for columns in selected:
        assert {"address", "login_name"} & {*columns.split(", ")}
