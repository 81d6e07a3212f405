#!/usr/bin/env bash
# Runs the tests on both databases, and those of mail servers against both versions of Dovecot.
# Usage: tools/run_tests.sh PYTEST…
#
# This machine's mail servers are of one version. If that is Dovecot 2.3, those of Debian 13 come
# from a folder (`make debian13`), which takes root and a network. Where it cannot be made, 2.4 is
# not tested; NEED_DEBIAN13=yes makes that a failure.
#
# 1. How soon a deleted device is off is measured, with nothing beside it: each database with each
#    version.
# 2. Both databases side by side, as most of their time they wait for servers; each with this
#    machine's mail servers first, and then the tests of mail servers with the folder's. What is
#    the same on both databases is run once. SQLite's side has the unit tests of what asks no
#    database, and looks at screens, at codes, help and the administration, and whether everybody
#    can use them; PostgreSQL's goes the journeys of owners. It is shown when it is done, and so
#    comes last.
set -uo pipefail

pytest=("$@")
bound=tests/mailserver/test_bound.py
demonstration=tests/mailserver/test_demonstration.py # has an SQLite file of its own
looks=(tests/browser/test_{accessibility,admin,area_accessibility,codes,help,passkeys}.py
  tests/browser/test_{pictures,policies,read_only,roles,screens,shell,tokens}.py)
no_database=(tests/unit/deploy tests/unit/mailportal/test_{misconfigurations,refused}.py)

# The folders that mail servers come from; "" are this machine's.
servers=("")
unset MAIL_SERVERS

# What the tests of a database are, with this machine's mail servers and with the folder's.
on_sqlite=("${no_database[@]/#/--ignore=}" tests/unit tests/mailserver "${looks[@]}")
on_postgres=(--ignore="$demonstration" "${looks[@]/#/--ignore=}")
mail_on_sqlite=(tests/mailserver)
mail_on_postgres=(--ignore="$demonstration" tests/mailserver)

find_servers() {
  local folder=${DEBIAN13:-$PWD/var/debian13} version why
  version=$(PATH=$PATH:/usr/sbin dovecot --version 2>/dev/null)
  case $version in
    2.3.*) ;;
    *)
      echo "Mail servers are tested with this machine's Dovecot alone: ${version:-none}."
      return
      ;;
  esac
  if [ "$(id -u)" -ne 0 ]; then
    why="only root can run them from a folder"
  elif ! make --no-print-directory debian13; then
    why="see above"
  else
    servers+=("$folder")
    return
  fi
  echo "Debian 13's mail servers are not there ($why): Dovecot 2.4 is not tested, 2.3 is." >&2
  [ "${NEED_DEBIAN13:-}" != yes ]
}

# With these servers on this database: run_tests FOLDER DATABASE ARGUMENT…
run_tests() {
  MAIL_SERVERS=$1 TEST_DATABASE=$2 "${pytest[@]}" "${@:3}" &
  wait $!
}

# Ends what this shell has started; a shell that waits in the foreground would not hear of it.
stop() {
  local running
  mapfile -t running < <(jobs -p)
  kill "${running[@]}" 2>/dev/null
  exit 143
}

measure() {
  local folder database failed=0
  for folder in "${servers[@]}"; do
    for database in sqlite postgres; do
      run_tests "$folder" "$database" "$bound" || failed=1
    done
  done
  return $failed
}

# All tests on this database, with all servers: run_all DATABASE
run_all() {
  local -n all=on_$1 mail=mail_on_$1
  local folder failed=0
  trap stop INT TERM
  for folder in "${servers[@]}"; do
    if [ -z "$folder" ]; then
      run_tests "" "$1" --ignore="$bound" "${all[@]}" || failed=1
    else
      run_tests "$folder" "$1" --ignore="$bound" "${mail[@]}" || failed=1
    fi
  done
  return $failed
}

find_servers || exit 1
shown_later=$(mktemp)
trap 'rm -f "$shown_later"' EXIT
trap stop INT TERM
failed=0

measure || failed=1
run_all postgres >"$shown_later" 2>&1 &
postgres=$!
run_all sqlite || failed=1
wait "$postgres" || failed=1
cat "$shown_later"
exit "$failed"
