#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Passwords in URIs and commands are never shown.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory
requires_plugin curl

secret=open-sesame-42
told=(-v -p --events="$tmp/events" --status-file="$tmp/status"
      --report="$tmp/report" --interval=0.1)

# Runs a copy with every kind of output, and searches all of it.
look ()
{
  local want=$1 f
  shift
  rm -f "$tmp/events" "$tmp/status" "$tmp/report"
  run_copy "${told[@]}" "$@"
  [ $code -eq "$want" ] || fail "exit status $code, not $want: $*"
  for f in "$errors" "$output" "$tmp/events" "$tmp/status" "$tmp/report"; do
    ! grep -q "$secret" "$f" ||
      fail "${f##*/} shows a secret: $(grep "$secret" "$f")"
  done
  grep -qF '***' "$tmp/report" || fail "nothing is masked: $*"
}

serve_nbdkit src memory 1M
masked=${src/'://'/"://alice:$secret@"}

look 0 "$masked" null:
look 0 --plan "$masked" null:
look 0 -v "$masked" null:              # libnbd's own messages, too
expect_error '^libnbd: debug: src0: .*uri=".*\*\*\*@'
look 1 "nbd+unix://alice:$secret@/?socket=$tmp/nobody" null:
look 1 "$src" "nbd+unix://alice:$secret@/?socket=$tmp/nobody"
look 1 [ sh -c 'exit 1' --password=$secret --token $secret ] null:
look 0 "$src" [ sh -c 'exec nbdkit memory 1M' --password=$secret ]

# Only the harmless words of a command are shown.
look 0 "$src" [ env X="a $secret" nbdkit memory 1M ]
look 0 "$src" [ sh -c "exec nbdkit memory 1M # Authorization: $secret" ]
look 1 [ sh -c 'exit 1' header="Authorization: Bearer $secret" ] null:
look 1 [ sh -c 'exit 1' --pin $secret "-x$secret" $secret "a b=$secret" ] null:
look 1 [ nbdkit curl "url=http://localhost:1/x?any=1" \
         header="Authorization: Bearer $secret" ] null:
expect_error 'source \[ nbdkit curl url=http://localhost:1/x\?\*\*\* header='
look 2 "$masked" "$masked"
look 2 "$masked" [ nbdkit memory 1k ]

# A copy that fails midway, and a copy with retries.
requires_filter error
serve_nbdkit broken --filter=error memory 1M error-pread-rate=100%
look 1 --no-extents --retries=1 --retry-wait=0.01 \
     "${broken/'://'/"://alice:$secret@"}" null:

# Addresses that fail before or after they are parsed.
look 2 "https://alice:$secret@localhost/x" null:
[ $code -eq 2 ] || fail "exit status $code"

# Misplaced arguments, which usage errors show.
look 2 one two "nbd://alice:$secret@host/three"
look 2 --tokens-token=$secret one two
look 2 --queue-size="nbd://alice:$secret@host" one two
look 2 --blkhash-file="/nowhere/x?password=$secret" --blkhash "$src" null:
look 2 --source-format="x?token=$secret" "$src" null:

# Names of files; and the label that the caller chose, which is shown unchanged.
look 2 --map="$tmp/no/map?password=$secret" "$src" null:
look 2 --map="$tmp/no/map?password=$secret" "$src" "$tmp/new"
look 2 --bwlimit="@$tmp/no/limit?password=$secret" "$src" null:
look 0 --map="$tmp/map?password=$secret" "$src" "$tmp/new"
look 0 --map="$tmp/map?password=$secret" "$src" "$tmp/new"
look 2 --map="$tmp/map" --source-id="token=$secret" "$src" "$tmp/new"
look 2 --disk="nbd://alice:$secret@host" "$src" null:
