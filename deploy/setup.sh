#!/usr/bin/env bash
# Brings what the machine itself must have; the Makefile calls it.
#
#   deploy/setup.sh run             what `make run` uses
#   deploy/setup.sh test            that, and what the tests use
#   deploy/setup.sh test-install    what `make test-install` uses
#   deploy/setup.sh debian13        what `make debian13` uses
#   deploy/setup.sh servers         nothing: prints the packages of the mail servers, for a Debian
#                                   in a folder
#   deploy/setup.sh venv FOLDER     an empty virtual environment, by ${PYTHON:-python3}
#
# As root on a system with apt, missing packages are installed, and the services that come with
# them are stopped and disabled again: the demonstration and the tests start private servers of
# their own. Servers that were there before are left alone.
#
# Elsewhere nothing is installed: `test` says here what is missing, `run` does when it has started
# the portal, which needs Python only.
set -euo pipefail

python=${PYTHON:-python3}

mail=(dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-sqlite dovecot-auth-lua
  lua-sql-sqlite3 lua-luaossl postfix postfix-sqlite)
mail_tests=(dovecot-pgsql lua-sql-postgres postfix-pgsql dovecot-sieve dovecot-managesieved
  dovecot-submissiond curl)
tests=(postgresql "${mail_tests[@]}" chromium fonts-noto-cjk fonts-dejavu-core gettext git
  fail2ban lua5.4)
debian=(debootstrap debian-archive-keyring)
containers=("${debian[@]}" iproute2 util-linux git)

installed() {
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The packages, of those named, that are not there.
missing() {
  local package
  for package in "$@"; do
    installed "$package" || printf '%s\n' "$package"
  done
}

# The packages, of those named, that apt can install here. Distributions differ: Ubuntu has
# Chromium as a snap only.
available() {
  LC_ALL=C apt-cache policy "$@" 2>/dev/null |
    awk '/^[^ ]/ { name = substr($1, 1, length($1) - 1) }
      $1 == "Candidate:" && $2 != "(none)" { print name }'
}

# Stops what a package's installation started, now and at the next boot.
disable_service() {
  local unit
  if [ -d /run/systemd/system ]; then
    for unit in "$@"; do
      systemctl disable --quiet --now "$unit" 2>/dev/null || true
    done
  else
    service "${1%.service}" stop >/dev/null 2>&1 || true
    update-rc.d "${1%.service}" disable >/dev/null 2>&1 || true
  fi
}

# Installs those that are missing; what apt does not know keeps none of the others away.
install_packages() {
  local lacking new unknown
  mapfile -t lacking < <(missing "$@")
  [ ${#lacking[@]} -gt 0 ] || return 0
  echo "Installing by apt: ${lacking[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  "${apt[@]}" update || echo "apt-get update failed; trying with the lists that are there."
  mapfile -t new < <(available "${lacking[@]}")
  mapfile -t unknown < <(printf '%s\n' "${lacking[@]}" "${new[@]}" | sort | uniq -u)
  [ ${#unknown[@]} -eq 0 ] || echo "This system's apt has no package of this name: ${unknown[*]}"
  [ ${#new[@]} -gt 0 ] || return 0
  case " ${new[*]} " in
    *" postfix "*)
      echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
      ;;
  esac
  "${apt[@]}" install --yes --no-install-recommends "${new[@]}" >/dev/null || return 1
  local package
  for package in "${new[@]}"; do
    case $package in
      dovecot-core) disable_service dovecot.service dovecot.socket ;;
      postfix) disable_service postfix.service ;;
      postgresql) disable_service postgresql.service ;;
      fail2ban) disable_service fail2ban.service ;;
    esac
  done
}

python_is_complete() {
  command -v "$python" >/dev/null &&
    "$python" -c 'import sys, venv; from ensurepip import bootstrap; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

may_install() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null
}

# Installs the packages named, and Python where it is not complete.
provide() {
  local packages=("$@")
  python_is_complete || packages+=(python3 python3-venv)
  install_packages "${packages[@]}"
}

# What the machine lacks, in one line, with the way to get it.
say_missing() {
  local lacking
  if ! command -v dpkg-query >/dev/null; then
    echo "Not a Debian system; the tests need what corresponds to: $*"
    return
  fi
  mapfile -t lacking < <(missing "$@")
  [ ${#lacking[@]} -eq 0 ] || echo "Missing: sudo apt-get install ${lacking[*]}"
}

make_venv() {
  if may_install; then provide || echo "apt-get failed."; fi
  if ! python_is_complete; then
    echo "$python is missing, older than 3.11 or lacks venv: sudo apt-get install python3-venv" \
      "(or: make PYTHON=/path/to/python3.11 …)" >&2
    exit 1
  fi
  "$python" -m venv "$1"
}

case ${1:-} in
  run)
    if may_install; then
      provide "${mail[@]}" || echo "apt-get failed; going on with what is there."
    fi
    ;;
  test)
    if may_install; then provide "${mail[@]}" "${tests[@]}"; else say_missing "${mail[@]}" "${tests[@]}"; fi
    ;;
  test-install)
    if may_install; then provide "${containers[@]}"; else say_missing "${containers[@]}"; fi
    ;;
  debian13)
    if may_install; then provide "${debian[@]}"; else say_missing "${debian[@]}"; fi
    ;;
  servers) printf '%s\n' "${mail[@]}" "${mail_tests[@]}" ;;
  venv) make_venv "$2" ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
