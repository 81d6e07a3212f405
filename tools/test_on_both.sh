#!/usr/bin/env bash
# Runs the tests on both databases side by side: most of their time they wait for servers.
# What a browser sees is the same on both: SQLite's side looks at screens, at help and at the
# administration, and whether everybody can use them; PostgreSQL's goes the journeys of owners,
# is shown when it is done, and so comes last.
# How soon a deleted device is off is measured first, by processes that did nothing before.
# Usage: tools/test_on_both.sh PYTEST…
set -uo pipefail

shown_later=$(mktemp)
server=
trap 'kill $server 2>/dev/null; rm -f "$shown_later"' EXIT
pytest=("$@")
bound=(tests/mailserver/test_bound.py)
looks=(tests/browser/test_{accessibility,admin,area_accessibility,help,pictures,policies}.py
  tests/browser/test_{read_only,roles,screens,shell,tokens}.py)
rest_on_sqlite=(--ignore="${bound[0]}" tests/unit tests/mailserver "${looks[@]}")
# The demonstration has an SQLite file of its own.
rest_on_postgres=(--ignore="${bound[0]}" --ignore=tests/mailserver/test_demonstration.py
  "${looks[@]/#/--ignore=}")
failed=0

# Runs pytest on both; takes the names of SQLite's arguments and of PostgreSQL's.
run() {
  local -n on_sqlite=$1 on_postgres=$2
  TEST_DATABASE=postgres "${pytest[@]}" "${on_postgres[@]}" >"$shown_later" 2>&1 &
  server=$!
  TEST_DATABASE=sqlite "${pytest[@]}" "${on_sqlite[@]}" || failed=1
  wait "$server" || failed=1
  cat "$shown_later"
}

run bound bound
run rest_on_sqlite rest_on_postgres
exit "$failed"
