#!/usr/bin/env bash
# Finds a Chromium for the tests of pages, and prints its path.
#
#   export ACKLOOP_CHROMIUM="$(scripts/chromium.sh)"
#
# Where none is on this machine it is installed first, from Debian's packages, where apt can be used.
set -euo pipefail

found() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name"; then return; fi
  done
  return 1
}

if found; then exit; fi
if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  apt-get update >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium >&2
  found
else
  echo "not here: chromium; install it (Debian: apt-get install chromium)" >&2
  exit 1
fi
