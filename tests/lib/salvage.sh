# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes sources with places that cannot be read, and checks copies of them.
# Sourced by the tests of --salvage.
# shellcheck shell=bash disable=SC2154

# bad_places "OFFSET LENGTH"...: notes the places that cannot be read, in order.
bad_places () { printf '%s\n' "$@" > "$tmp/bad"; }

# serve_bad NAME ARGS...: serves $tmp/disk, of which the bad places cannot be
# read.  Its requests are in $tmp/NAME.reads.
serve_bad ()
{
  local name=$1
  shift
  remove_old "$tmp/$name.reads"
  serve_faulty "$name" --mode=read-error --bad="$tmp/bad" \
               --requests="$tmp/$name.reads" "$@" "$tmp/disk"
}

# Prints the blocks of a map that have a status, as lines of OFFSET LENGTH.
blocks_of_map ()
{
  sed '/^#/d' "$1" | tail -n +2 |
    while read -r at size status; do
      [ "$status" != "$2" ] || echo "$((at)) $((size))"
    done
}

# Checks that a map marks exactly the bad places as unreadable, and the rest as
# finished.
expect_bad_in_map ()
{
  blocks_of_map "$1" - | diff "$tmp/bad" - > "$tmp/diff" ||
    fail "the map has other unreadable places: $(cat "$tmp/diff")"
  [ -z "$(blocks_of_map "$1" '?')" ] || fail "the map is not complete"
}

# Checks that FILE has the data of the disk, and the content of OLD in the bad
# places: expect_salvaged FILE OLD
expect_salvaged ()
{
  requires python3
  python3 - "$tmp/disk" "$2" "$tmp/bad" > "$tmp/expected" <<'EOF'
import sys
disk, old = (bytearray(open(name, "rb").read()) for name in sys.argv[1:3])
for line in open(sys.argv[3]):
    at, length = map(int, line.split())
    disk[at:at + length] = old[at:at + length]
sys.stdout.buffer.write(disk)
EOF
  expect_identical "$tmp/expected" "$1"
}

# Checks that no read of a server was outside of the bad places.
expect_only_bad_reads ()
{
  [ -s "$tmp/$1.reads" ] || fail "$1 got no request"
  sed -n 's/^read //p' "$tmp/$1.reads" | sort -n -u > "$tmp/read"
  awk 'NR == FNR { at[n++] = $1; to[n - 1] = $1 + $2; next }
       { good = 0
         for (i = 0; i < n; i++) good += $1 >= at[i] && $1 + $2 <= to[i]
         if (!good) print }' "$tmp/bad" "$tmp/read" > "$tmp/elsewhere"
  [ ! -s "$tmp/elsewhere" ] ||
    fail "$1 was read elsewhere: $(head -n 3 "$tmp/elsewhere")"
}
