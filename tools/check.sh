#!/bin/sh
# Every gate that needs no running part. Usage: check.sh BIN
set -u
bin=$1
failed=""
gate() {
  name=$1; shift
  if "$@"; then printf 'check: %s: ok\n' "$name"; else printf 'check: %s: FAILED\n' "$name"; failed="$failed $name"; fi
}
gate lint "$bin/ruff" check --quiet .
gate format "$bin/ruff" format --check --quiet .
gate types "$bin/mypy" schemas signing services tests benchmarks tools
gate rings "$bin/lint-imports" --no-cache
gate schemas "$bin/python" tools/check_schemas.py
gate docs "$bin/python" tools/generate_docs.py --check
gate bad-inputs "$bin/python" tools/generate_bad_inputs.py --check
gate verification-cases "$bin/python" tools/generate_verification_cases.py --check
gate settings "$bin/python" tools/generate_settings.py --check
gate mapping "$bin/python" tools/generate_edxml_mapping.py --check
gate lifecycles "$bin/python" tools/draw_lifecycles.py --check
gate merged sh -c '! git grep -nE "^(<{7}|>{7}) " -- .'
gate pins "$bin/python" tools/audit_pins.py requirements/dev.txt
[ -z "$failed" ] || { printf 'check: failed:%s\n' "$failed"; exit 1; }
