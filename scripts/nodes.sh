#!/usr/bin/env bash
# Runs tests on other versions of Node, which npm brings: scripts/nodes.sh test/stores/sqlite
#
# By default on the newest of each supported line, and on the oldest that has SQLite; other versions:
# NODES="22 24.1.0" scripts/nodes.sh ...
#
# What was built is tested by PROJECT=packed scripts/nodes.sh test/packed/stores
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

if [ -n "${PROJECT:-}" ]; then projects=(--project "$PROJECT"); else
  projects=(--project source --project apart --project processes); fi

failed=0
for version in ${NODES:-22.13.0 22 24}; do
  printf '\n== Node %s\n' "$version"
  npx -y "node@$version" node_modules/vitest/vitest.mjs run "${projects[@]}" "$@" || failed=1
done
exit "$failed"
