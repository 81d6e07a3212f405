#!/usr/bin/env bash
# Runs the tests on both databases side by side: most of their time they wait for servers.
# What a browser sees is the same on both: SQLite's side looks at screens, at codes, help and the
# administration, and whether everybody can use them; PostgreSQL's goes the journeys of owners,
# is shown when it is done, and so comes last.
# So does what asks no database: how settings are read, and what `deploy` starts.
# How soon a deleted device is off is measured first, with nothing beside it.
# Usage: tools/test_on_both.sh PYTEST…
set -uo pipefail

shown_later=$(mktemp)
server=
trap 'kill $server 2>/dev/null; rm -f "$shown_later"' EXIT
bound=tests/mailserver/test_bound.py
looks=(tests/browser/test_{accessibility,admin,area_accessibility,codes,help,passkeys}.py
  tests/browser/test_{pictures,policies,read_only,roles,screens,shell,tokens}.py)
no_database=(tests/unit/deploy tests/unit/mailportal/test_{misconfigurations,refused}.py)
on_sqlite=(--ignore="$bound" "${no_database[@]/#/--ignore=}" tests/unit tests/mailserver "${looks[@]}")
# The demonstration has an SQLite file of its own.
on_postgres=(--ignore="$bound" --ignore=tests/mailserver/test_demonstration.py
  "${looks[@]/#/--ignore=}")
failed=0

for database in sqlite postgres; do
  TEST_DATABASE=$database "$@" "$bound" || failed=1
done
TEST_DATABASE=postgres "$@" "${on_postgres[@]}" >"$shown_later" 2>&1 &
server=$!
TEST_DATABASE=sqlite "$@" "${on_sqlite[@]}" || failed=1
wait "$server" || failed=1
cat "$shown_later"
exit "$failed"
