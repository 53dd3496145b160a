#!/usr/bin/env bash
# Starts and stops a throwaway PostgreSQL server for the tests of the stores.
#
#   export ACKLOOP_POSTGRES_URL="$(scripts/postgres.sh start)"
#   scripts/postgres.sh stop "$ACKLOOP_POSTGRES_URL"
#   scripts/postgres.sh pooler   (brings PgBouncer, which the tests start themselves)
#
# It listens on 127.0.0.1 only, on a free port, with its data in a temporary folder. What is not on this
# machine is installed first, from Debian's packages, where apt can be used.
set -euo pipefail

folder_of() { printf '%s/ackloop-postgres-%s' "${TMPDIR:-/tmp}" "$1"; }

# The server refuses to run as root, so root runs it as somebody without rights.
unprivileged() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif id postgres >/dev/null 2>&1; then
    (cd / && runuser -u postgres -- "$@")
  else
    (cd / && runuser -u nobody -- "$@")
  fi
}

binaries() {
  local found
  found="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
  if [ -n "$found" ] && [ -x "$found/initdb" ]; then printf '%s' "$found"; return; fi
  if command -v initdb >/dev/null; then dirname "$(readlink -f "$(command -v initdb)")"; fi
}

install() {
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || {
    echo "not here: $1; install it (Debian: apt-get install $1)" >&2
    exit 1
  }
  apt-get update >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1" >&2
}

pooler() {
  command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || install pgbouncer
}

# A throwaway database need not survive a power cut, as a crash of its processes is none.
serve() {
  unprivileged "$(binaries)/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 -o \
    "-c listen_addresses=127.0.0.1 -c port=$2 -c unix_socket_directories='' -c fsync=off" start >&2
}

start() {
  local bin port folder password
  bin="$(binaries)"
  if [ -z "$bin" ]; then install postgresql; bin="$(binaries)"; fi
  port="$(node -e 'const s = require("net").createServer();
    s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });')"
  folder="$(folder_of "$port")"
  password="$(node -p 'require("crypto").randomUUID()')"
  unprivileged mkdir -m 700 "$folder"
  printf '%s' "$password" | unprivileged tee "$folder/password" >/dev/null
  unprivileged "$bin/initdb" -D "$folder/data" -U ackloop -A scram-sha-256 \
    --pwfile="$folder/password" -E UTF8 --locale=C.UTF-8 >&2
  serve "$folder" "$port"
  echo "postgres://ackloop:$password@127.0.0.1:$port/postgres"
}

# Kills the server with all its processes, and starts it again.
crash() {
  local port folder postmaster
  port="$(printf '%s' "$1" | sed -E 's#.*:([0-9]+)/.*#\1#')"
  folder="$(folder_of "$port")"
  [ -d "$folder/data" ] || { echo "no server of this script has that address" >&2; exit 1; }
  postmaster="$(unprivileged head -n 1 "$folder/data/postmaster.pid")"
  kill -9 "$postmaster" $(ps -o pid= --ppid "$postmaster")
  # Its memory is free once all its processes are gone.
  for _ in $(seq 50); do
    if serve "$folder" "$port"; then return; fi
    sleep 0.1
  done
  exit 1
}

stop() {
  local port folder
  port="$(printf '%s' "$1" | sed -E 's#.*:([0-9]+)/.*#\1#')"
  folder="$(folder_of "$port")"
  [ -d "$folder/data" ] || { echo "no server of this script has that address" >&2; exit 1; }
  unprivileged "$(binaries)/pg_ctl" -D "$folder/data" -m immediate -w stop >&2
  rm -rf "$folder"
}

case "${1:-}" in
  start) start ;;
  crash) crash "${2:?the address that start has printed}" ;;
  stop) stop "${2:?the address that start has printed}" ;;
  pooler) pooler ;;
  *) echo "usage: scripts/postgres.sh start | stop <address> | crash <address> | pooler" >&2; exit 2 ;;
esac
