"""No test takes a slow machine for a broken one: what is short is a rule, or a look."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
LONG = {"PATIENCE", "1000 * PATIENCE", "SOON"}
TAKES_A_LIMIT = {"settimeout", "wait", "result", "create_connection"}
# How many short times a file has where time is the rule: what is too late, what goes on
# for as long, and where a loop looks again and again.
RULES = {
    "mailserver/test_bound.py": 2,
    "mailserver/test_nodes.py": 1,
    "mailserver/test_others_failures.py": 1,
    "mailserver/test_outage.py": 4,
    "mailserver/test_relay.py": 1,
    "mailserver/test_too_late.py": 1,
    "standins.py": 1,
    "unit/deploy/test_authrelay.py": 1,
    "unit/deploy/test_authrelay_limits.py": 6,
    "unit/deploy/test_relay_watchdog.py": 1,
    "unit/gateways/test_twilio.py": 1,
}


def short_times(tree: ast.AST) -> Iterator[int]:
    """Give the lines where something is given up soon, or has to be over soon."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr):
            continue
        limits: list[ast.expr] = []
        if isinstance(node, ast.Call):
            limits = [each.value for each in node.keywords if each.arg == "timeout"]
            if ast.unparse(node.func).rpartition(".")[2] in TAKES_A_LIMIT:
                limits += [each for each in node.args if is_time(each)]
        elif isinstance(node, ast.BinOp) and "monotonic" in ast.unparse(node.left):
            limits = [node.right] if isinstance(node.op, ast.Add) else []
        elif isinstance(node, ast.Compare) and "monotonic" in ast.unparse(node):
            ends = zip(node.ops, node.comparators, strict=True)
            limits = [to for op, to in ends if isinstance(op, ast.Lt) and is_time(to)]
        if any(ast.unparse(each) not in LONG for each in limits):
            yield node.lineno


def is_time(node: ast.expr) -> bool:
    """Whether this is a number, or the constant for one."""
    if isinstance(node, ast.BinOp):
        return is_time(node.left) or is_time(node.right)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    return isinstance(node, ast.Name) and node.id.isupper()


def test_no_test_gives_up_soon_but_where_time_is_the_rule() -> None:
    found = Counter(
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("*.py")
        # Those of a container run by themselves, by hand.
        if not file.is_relative_to(TESTS / "install")
        for _line in short_times(ast.parse(file.read_text()))
    )

    assert found == RULES


@pytest.mark.parametrize(
    "line",
    [
        "line.settimeout(10)",
        "process.wait(20.0)",
        "future.result(timeout=5)",
        "page.wait_for_function('x', timeout=20_000)",
        "socket.create_connection((HOST, port), 10)",
        "deadline = time.monotonic() + 30",
        "deadline, is_warm = time.monotonic() + WARM, False",
        "assert time.monotonic() - began < 1.5",
    ],
)
def test_a_short_time_is_found(line: str) -> None:
    assert list(short_times(ast.parse(line))) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "line.settimeout(PATIENCE)",
        "process.wait()",
        "'\\n'.join(lines)",
        "deadline = time.monotonic() + PATIENCE",
        "assert time.monotonic() < deadline",
        "assert time.monotonic() - began < SOON",
    ],
)
def test_a_long_one_is_not(line: str) -> None:
    assert list(short_times(ast.parse(line))) == []
