#!/usr/bin/env bash
# Runs the tests on both databases side by side: most of their time they wait for servers.
# PostgreSQL's, which has the browser's as well, is shown when it is done, and so comes last.
# Usage: tools/test_on_both.sh PYTEST…
set -uo pipefail

shown_later=$(mktemp)
TEST_DATABASE=postgres "$@" >"$shown_later" 2>&1 &
postgres=$!
trap 'kill "$postgres" 2>/dev/null; rm -f "$shown_later"' EXIT

TEST_DATABASE=sqlite "$@" tests/unit tests/mailserver
on_sqlite=$?
wait "$postgres"
on_postgres=$?
cat "$shown_later"
exit $((on_sqlite || on_postgres))
