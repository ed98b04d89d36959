#!/bin/sh
# Runs the tests; first brings the system packages that only some of them want. Usage: test.sh BIN [pytest arguments]
set -u
bin=$1; shift
missing() {
  command -v softhsm2-util >/dev/null 2>&1 || printf ' softhsm2'
  command -v pdfsig >/dev/null 2>&1 || printf ' poppler-utils'
  command -v certutil >/dev/null 2>&1 || printf ' libnss3-tools'
  command -v openssl >/dev/null 2>&1 || printf ' openssl'
  command -v javac >/dev/null 2>&1 || printf ' default-jdk-headless'
  command -v go >/dev/null 2>&1 || printf ' golang-go'
  command -v npm >/dev/null 2>&1 || printf ' npm'
  command -v nginx >/dev/null 2>&1 || printf ' nginx-light'
  command -v chromium >/dev/null 2>&1 || printf ' chromium'
}
wanted=$(missing)
if [ -n "$wanted" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # shellcheck disable=SC2086 - the list is meant to be split
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1
  wanted=$(missing)
fi
if [ -n "$wanted" ] && [ -n "${CI:-}" ]; then
  printf 'tests: missing system packages:%s\n' "$wanted" >&2
  exit 1
fi
form="not full"
[ -z "${DOCAXIS_FULL:-}" ] || form=""
status=0
tests() {
  "$bin/python" -m pytest -m "$form" --durations=15 --durations-min=5 "$@"
}
if [ $# -gt 0 ]; then
  tests "$@" || status=$?
else
  # A process a group: an axis that was started stays until its process ends, and costs a tenth of a core at rest.
  # What starts no axis wants one core and runs beside what seldom wants two; it is told of when it has ended.
  alone=$(mktemp)
  tests tests/unit tests/integration/verification tests/integration/signing tests/integration/authorities \
    tests/integration/edxml >"$alone" 2>&1 &
  beside=$!
  trap 'kill "$beside" 2>/dev/null; rm -f "$alone"' EXIT
  tests tests/contract tests/integration --ignore tests/integration/verification --ignore tests/integration/signing \
    --ignore tests/integration/authorities --ignore tests/integration/edxml || status=$?
  wait "$beside" || status=$?
  trap 'rm -f "$alone"' EXIT
  cat "$alone"
  tests tests/acceptance/faults || status=$?
  tests --ignore tests/unit --ignore tests/contract --ignore tests/integration --ignore tests/acceptance/faults || status=$?
fi
if [ -n "$wanted" ]; then
  printf 'tests: what wants these did not run:%s. Install: apt-get install%s (macOS: brew install softhsm poppler nss openssl go node nginx)\n' "$wanted" "$wanted" >&2
fi
exit $status
