#!/usr/bin/env bash
# Runs the tests on both databases side by side: most of their time they wait for servers.
# What a browser sees is the same on both: SQLite's side looks at screens, and whether everybody
# can use them; PostgreSQL's goes the journeys, is shown when it is done, and so comes last.
# Usage: tools/test_on_both.sh PYTEST…
set -uo pipefail

shown_later=$(mktemp)
looks=(tests/browser/test_{accessibility,area_accessibility,roles,screens}.py)
TEST_DATABASE=postgres "$@" "${looks[@]/#/--ignore=}" >"$shown_later" 2>&1 &
postgres=$!
trap 'kill "$postgres" 2>/dev/null; rm -f "$shown_later"' EXIT

TEST_DATABASE=sqlite "$@" tests/unit tests/mailserver "${looks[@]}"
on_sqlite=$?
wait "$postgres"
on_postgres=$?
cat "$shown_later"
exit $((on_sqlite || on_postgres))
