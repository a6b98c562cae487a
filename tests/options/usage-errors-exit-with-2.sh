#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage errors end with status 2, one line with the reason and a hint, and
# nothing on standard output.

. "$(dirname "$0")/../lib/test.sh"

uri="nbd+unix:///?socket=$tmp/nobody"

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^stripecopy: .*$1" "${@:2}"
  [ ! -s "$output" ] || fail "standard output is not empty: ${*:2}"
  expect_error '--help'
  [ "$(wc -l < "$errors")" -le 2 ] || fail "more than two lines: ${*:2}"
}

refused 'SOURCE'
refused 'DESTINATION' "$uri"
refused 'too many operands' "$uri" null: null:
refused 'no-such-option' --no-such-option "$uri" null:
refused 'unknown.*Z' -Z "$uri" null:
refused 'ambiguous' --re=1 "$uri" null:
refused 'unmatched "\[' [ nbdkit memory 1M null:
refused 'command' [ ] null:

refused 'connections.*: 0$' --connections=0 "$uri" null:
refused 'connections.*: x$' -C x "$uri" null:
refused 'requests.*: 0$' -R 0 "$uri" null:
refused 'requests.*: -1$' -R -1 "$uri" null:
refused 'threads.*: many$' -T many "$uri" null:
refused 'request-size.*power of 2.*: 5000$' --request-size=5000 "$uri" null:
refused 'request-size.*: 2048$' --request-size=2048 "$uri" null:
refused 'request-size.*: 64M$' --request-size=64M "$uri" null:
refused 'queue-size.*: 4294967296$' --queue-size=4294967296 "$uri" null:
refused 'queue-size.*: 99999999999999999999$' \
        --queue-size=99999999999999999999 "$uri" null:
refused 'queue-size.*: -1$' --queue-size=-1 "$uri" null:
refused 'queue-size.*: 1Q$' --queue-size=1Q "$uri" null:
refused 'sparse.*: 256$' --sparse=256 "$uri" null:
refused 'sparse.*: 1000$' -S 1000 "$uri" null:
refused 'destination-is-zero.*: perhaps$' --destination-is-zero=perhaps \
        "$uri" null:
refused 'progress.*: x$' --progress=x "$uri" null:
# A descriptor that is not open would become that of a connection.
copy_fails 2 'progress=77: Bad file' --progress=77 "$uri" null:
refused '--flush and --no-flush are mutually exclusive' --flush --no-flush "$uri" null:
refused 'allocated.*no argument' --allocated=yes "$uri" null:
refused 'request-size.*argument' "$uri" null: --request-size
