#!/usr/bin/env bash
# Starts and stops a throwaway NATS server with JetStream for the tests of `ackloop/jetstream`.
#
#   export ACKLOOP_NATS_URL="$(scripts/nats.sh start)"
#   scripts/nats.sh stop "$ACKLOOP_NATS_URL"
#   scripts/nats.sh binary   (prints where the server is; tests that kill one start it themselves)
#
# It listens on 127.0.0.1 only, on a free port, with its data in a temporary folder. What is not on this
# machine is installed first, from Debian's packages, where apt can be used.
set -euo pipefail

folder_of() { printf '%s/ackloop-nats-%s' "${TMPDIR:-/tmp}" "$1"; }

found() { command -v nats-server || { [ -x /usr/sbin/nats-server ] && printf '/usr/sbin/nats-server\n'; }; }

install() {
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || {
    echo "not here: $1; install it (Debian: apt-get install $1)" >&2
    exit 1
  }
  apt-get update >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1" >&2
}

binary() {
  found >/dev/null || install nats-server
  found
}

answers() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }

start() {
  local bin port folder
  bin="$(binary)"
  port="$(node -e 'const s = require("net").createServer();
    s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });')"
  folder="$(folder_of "$port")"
  mkdir -m 700 "$folder"
  nohup "$bin" -a 127.0.0.1 -p "$port" -js -sd "$folder/store" -P "$folder/pid" \
    >"$folder/log" 2>&1 </dev/null &
  for _ in $(seq 100); do
    if answers "$port"; then echo "nats://127.0.0.1:$port"; return; fi
    sleep 0.1
  done
  cat "$folder/log" >&2
  exit 1
}

stop() {
  local port folder pid
  port="$(printf '%s' "$1" | sed -E 's#.*:([0-9]+)/?$#\1#')"
  folder="$(folder_of "$port")"
  [ -f "$folder/pid" ] || { echo "no server of this script has that address" >&2; exit 1; }
  pid="$(cat "$folder/pid")"
  kill -9 "$pid"
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  rm -rf "$folder"
}

case "${1:-}" in
  start) start ;;
  stop) stop "${2:?the address that start has printed}" ;;
  binary) binary ;;
  *) echo "usage: scripts/nats.sh start | stop <address> | binary" >&2; exit 2 ;;
esac
