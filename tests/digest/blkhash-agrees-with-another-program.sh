#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The digest is that of the source's bytes.  It does not depend on the sizes of
# blocks and requests, on the workers that read them, or on the mixture of
# holes, zeroes and data.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_plugin file
requires python3

# Holes, data, and zeroes that are not holes, at unaligned offsets, in a disk of
# an unaligned size.
truncate -s 13000123 "$tmp/disk"
put_data "$tmp/disk" 1 100000
put_data "$tmp/disk" 3145000 3000000
dd if=/dev/zero of="$tmp/disk" bs=64k seek=64 count=9 conv=notrunc status=none
put_data "$tmp/disk" 8388607 2
put_data "$tmp/disk" 9437184 65536
put_data "$tmp/disk" 12999000 1123

cat > "$tmp/copies" <<'END'
sha256 65536
sha256 65536 -T 8 -C 8
sha256 65536 -T 8 -C 8 --no-extents --request-size=65536
sha256 65536 -T 1 -C 4 --no-extents --synchronous
sha1 512 -T 8 -C 8 --request-size=4096
md5 4096 -T 3 -C 3 -R 1
sha512 1048576 -T 8 -C 8 --allocated
sha512 1048576 --request-size=4096 --destination-is-zero=no
sha256 4194304 -T 8 -C 8
md5 4194304 -T 8 -C 8 --no-extents --request-size=32M --queue-size=64M
sha1 1073741824 -T 2 -C 2
END

# Prints each input line again, preceded by the digest.
cat > "$tmp/blkhash.py" <<'END'
import hashlib, sys
disk = open(sys.argv[1], "rb").read()
for line in sys.stdin:
    name, block = line.split()[0], int(line.split()[1])
    whole = hashlib.new(name)
    for at in range(0, len(disk), block):
        whole.update(hashlib.new(name, disk[at:at + block]).digest())
    whole.update(len(disk).to_bytes(8, "little"))
    print(whole.hexdigest(), line, end="")
END
python3 "$tmp/blkhash.py" "$tmp/disk" < "$tmp/copies" > "$tmp/answers"

make_ones "$tmp/ones" 13000123
cp "$tmp/ones" "$tmp/copy"
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
while read -r want digest block options; do
  read -r -a args <<< "$options"
  case $options in
    *-C*) from=$src to=$dst ;;
    *) from=$tmp/disk to=$tmp/copy ;;
  esac
  cp "$tmp/ones" "$tmp/copy"
  copy_ok --blkhash="$digest/$block" "${args[@]}" "$from" "$to"
  expect_digest "$want"
  expect_identical "$tmp/disk" "$tmp/copy"
done < "$tmp/answers"

# The size of a stream is known only at its end.  A destination that is a stream
# gets the same bytes.
read -r want _ < "$tmp/answers"
run_stream --blkhash - null: < "$tmp/disk" > "$output"
[ $code -eq 0 ] || fail "exit status $code from a stream"
expect_digest "$want"
run_stream --blkhash "$tmp/disk" - < /dev/null > "$tmp/copy"
[ $code -eq 0 ] || fail "exit status $code to a stream"
expect_identical "$tmp/disk" "$tmp/copy"
expect_error "^$want\$"
