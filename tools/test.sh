#!/bin/sh
# Runs the tests; first brings the system packages that only some of them want. Usage: test.sh BIN [pytest arguments]
# shellcheck disable=SC2086 - lists and options are meant to be split
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
shown="--durations=15 --durations-min=5"
tests() {
  "$bin/python" -m pytest -m "$form" $shown "$@"
}
said=""
other=""
beside() {
  said=$(mktemp)
  "$bin/python" -m pytest -m "$form" $shown "$@" >"$said" 2>&1 &
  other=$!
}
joined() {
  wait "$other" || status=$?
  other=""
  cat "$said"
  rm -f "$said"
}
trap '[ -z "$other" ] || { kill "$other" 2>/dev/null; rm -f "$said"; }' EXIT
# Parts of tests/integration that start no broker.
brokerless="authorities directory edxml gateway pipeline signing verification verifier witness"
if [ $# -gt 0 ]; then
  tests "$@" || status=$?
else
  # A process a group: an axis that was started stays until its process ends, and costs a tenth of a core at rest.
  # Two groups at a time, since either waits often; what the one beside says is told when both have ended.
  with="" without=""
  for part in $brokerless; do
    with="$with tests/integration/$part"
    without="$without --ignore tests/integration/$part"
  done
  beside tests/unit $with
  tests tests/contract tests/integration $without || status=$?
  joined
  beside tests --ignore tests/unit --ignore tests/contract --ignore tests/integration --ignore tests/acceptance/faults
  tests tests/acceptance/faults || status=$?
  joined
fi
if [ -n "$wanted" ]; then
  printf 'tests: what wants these did not run:%s. Install: apt-get install%s (macOS: brew install softhsm poppler nss openssl go node nginx)\n' "$wanted" "$wanted" >&2
fi
exit $status
