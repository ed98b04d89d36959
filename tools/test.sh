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
if [ $# -gt 0 ]; then
  "$bin/python" -m pytest -m "$form" "$@" || status=$?
else
  # First what starts no axis: an axis that was started stays until its run ends, and costs a tenth of a core at rest.
  alone="tests/unit tests/integration/verification"
  # shellcheck disable=SC2086 - the list is meant to be split
  "$bin/python" -m pytest -m "$form" $alone || status=$?
  "$bin/python" -m pytest -m "$form" --ignore tests/unit --ignore tests/integration/verification || status=$?
fi
if [ -n "$wanted" ]; then
  printf 'tests: what wants these did not run:%s. Install: apt-get install%s (macOS: brew install softhsm poppler nss openssl go nginx)\n' "$wanted" "$wanted" >&2
fi
exit $status
