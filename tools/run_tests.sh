#!/usr/bin/env bash
# Runs the tests on both databases, and those of mail servers against both versions of Dovecot.
# Usage: tools/run_tests.sh PYTEST…
#
# This machine's mail servers are of one version. If that is Dovecot 2.3, those of Debian 13 come
# from a folder (`make debian13`), which takes root and a network. Where it cannot be made, 2.4 is
# not tested; NEED_DEBIAN13=yes makes that a failure.
#
# What depends on the kind of the database is marked `both_databases` and runs on both; what does
# not, on one (tests/databases.py):
#
#                          SQLite         PostgreSQL
#   unit tests             all            marked
#   mail servers, ours     all            marked
#   mail servers, folder   marked         all
#   browser                looks          journeys
#
# That is on even days of the year; on odd ones, PostgreSQL has all tests of mail servers with ours
# and SQLite has them with the folder's. WHOLE=sqlite or WHOLE=postgres says which it is.
#
# 1. How soon a deleted device is off is measured, with nothing beside it: each database with each
#    version.
# 2. The rest side by side, what takes longest first. There are more of them at a time than
#    processors, as most of their time they wait for servers: LANES says how many. Each is shown
#    when it is done.
set -uo pipefail

pytest=("$@")
lanes=${LANES:-$(($(nproc) + 2))}
# The database on which all tests of mail servers run with this machine's, and the other one.
whole=${WHOLE:-$([ $((10#$(date +%j) % 2)) = 0 ] && echo sqlite || echo postgres)}
part=$([ "$whole" = sqlite ] && echo postgres || echo sqlite)
bound=tests/mailserver/test_bound.py
demonstration=tests/mailserver/test_demonstration.py # has an SQLite file of its own
# How pages look to people, on SQLite; what owners do with them, on PostgreSQL.
looks=(tests/browser/test_{accessibility,admin,codes,help,page_accessibility,passkeys}.py
  tests/browser/test_{pictures,policies,read_only,roles,screens,shell,tokens}.py)
mail_on_sqlite=(--ignore="$bound" tests/mailserver)
# The units in two parts that take about as long.
administration=(tests/unit/administration)
others=(--ignore=tests/unit/administration tests/unit)
mail_on_postgres=(--ignore="$demonstration" "${mail_on_sqlite[@]}")
marked=(-m "both_databases and not one_database and not install")

# The folders that mail servers come from; "" are this machine's.
servers=("")
unset MAIL_SERVERS
declare -A output=()
shown=$(mktemp --directory)
failed=0

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

# Begins what is run with these servers on this database, once there is a lane for it:
# begin FOLDER DATABASE ARGUMENT…
begin() {
  local file
  while [ "${#output[@]}" -ge "$lanes" ]; do
    show_next
  done
  file=$(mktemp --tmpdir="$shown")
  MAIL_SERVERS=$1 TEST_DATABASE=$2 "${pytest[@]}" "${@:3}" >"$file" 2>&1 &
  output[$!]=$file
}

# Waits for what ends next, and shows what it has printed.
show_next() {
  local ended
  wait -n -p ended "${!output[@]}" || failed=1
  cat "${output[$ended]}"
  unset "output[$ended]"
}

show_all() {
  while [ "${#output[@]}" -gt 0 ]; do
    show_next
  done
}

measure() {
  local folder database
  for folder in "${servers[@]}"; do
    for database in sqlite postgres; do
      begin "$folder" "$database" "$bound"
      show_all
    done
  done
}

run_all() {
  local folder
  local -n mail_on_whole=mail_on_$whole mail_on_part=mail_on_$part
  begin "" "$whole" "${mail_on_whole[@]}"
  for folder in "${servers[@]:1}"; do
    begin "$folder" "$part" "${mail_on_part[@]}"
  done
  begin "" postgres "${looks[@]/#/--ignore=}" tests/browser
  begin "" sqlite "${looks[@]}"
  begin "" "$part" "${marked[@]}" "${mail_on_part[@]}"
  for folder in "${servers[@]:1}"; do
    begin "$folder" "$whole" "${marked[@]}" "${mail_on_whole[@]}"
  done
  [ "$whole" = sqlite ] || begin "" sqlite "$demonstration"
  begin "" sqlite "${others[@]}"
  begin "" sqlite "${administration[@]}"
  begin "" postgres "${marked[@]}" "${others[@]}"
  begin "" postgres "${marked[@]}" "${administration[@]}"
  show_all
}

# Ends what this shell has started.
stop() {
  kill "${!output[@]}" 2>/dev/null
  exit 143
}

find_servers || exit 1
trap 'rm -rf "$shown"' EXIT
trap stop INT TERM

measure
run_all
exit "$failed"
