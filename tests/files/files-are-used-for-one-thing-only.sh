#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A command line that would write over something it reads or writes is refused
# with 2, by one line that names both uses, and no file is made or changed.

. "$(dirname "$0")/../lib/test.sh"

stripecopy=$(realpath "$stripecopy") srcdir=$(realpath "$srcdir")
cd "$tmp"
mkdir work work/folder
cd work
make_data disk 1M
make_data old 1M 7
ln disk hard
ln -s disk soft
ln -s new dangling
ln -s folder way
echo 1M > rate
md5sum disk old rate > "$tmp/sums"
find . | sort > "$tmp/names"

untouched ()
{
  md5sum --quiet -c "$tmp/sums" || fail "a file was changed: $*"
  find . | sort | diff "$tmp/names" - > "$tmp/diff" ||
    fail "a file was made or lost: $(< "$tmp/diff") $*"
}

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^[a-z]+: $1\$" "${@:2}"
  [ "$(wc -l < "$errors")" -eq 1 ] || fail "more than one line: ${*:2}"
  untouched "$@"
}

# Output or a map on a side that exists, or on one that would be made.
for option in --report --events --status-file --map --trace \
                       --blkhash-file; do
  for name in disk ./disk hard soft way/../disk "$PWD/disk" /proc/self/cwd/disk
  do
    refused "$option=$name: is the same file as source disk" \
            $option="$name" disk new
    refused "$option=$name: is the same file as destination disk" \
            $option="$name" old disk
  done
  for name in new ./new dangling way/../new "$PWD/new"; do
    refused "$option=$name: is the same file as destination new" \
            $option="$name" disk new
  done
  refused "$option=rate: is the same file as --bwlimit=./rate" \
          $option=rate --bwlimit=@./rate disk new
done

for name in disk ./disk hard soft; do
  refused "--differences=$name: is the same file as source disk" \
          --compare --differences="$name" disk old
  refused "--differences=$name: is the same file as destination disk" \
          --verify --differences="$name" old disk
done
refused "--differences=./old: is the same file as --extents=old" \
        --verify --differences=./old --extents=old disk new

# Two outputs in one file, which exists or not.
two=(--report --events --status-file --map --trace --blkhash-file)
for ((i = 0; i < ${#two[@]}; i++)); do
  for ((j = 0; j < i; j++)); do
    for name in same old; do
      refused "--[a-z-]+=.*$name: is the same file as --[a-z-]+=.*$name" \
              "${two[i]}=./$name" "${two[j]}=$name" disk new
    done
  done
done

# A side on the other side, or on a file that an option reads.
refused "destination way/../disk: is the same file as source disk \
\\(allowed with --allow-same-disk\\)" disk way/../disk
refused 'destination rate: is the same file as --bwlimit=rate' \
        --bwlimit=@rate disk rate

# A word of a command may be a disk.
for option in --report --events --status-file --trace; do
  refused "$option=./disk: is the same file as a word of a command, .*" \
          $option=./disk [ nbdkit file disk ] null:
  refused "$option=soft: is the same file as a word of a command, .*" \
          $option=soft old [ nbdkit file file=disk ]
done
copy_fails 2 'are needed' --report=hard [ nbdkit file disk ]
untouched "a word of a command"

# Standard input and output are files, too.
stream_fails 2 '^[a-z]+: --report=-: is the same file as destination disk$' \
             --report=- old disk < /dev/null >> disk
untouched "standard output"
stream_fails 2 '^[a-z]+: destination disk: is the same file as source -$' \
             - disk < disk
untouched
exec {fd}>> disk
refused "--events=$fd: is the same file as source disk" --events=$fd \
        disk null:
refused "--progress=$fd: is the same file as source disk" --progress=$fd \
        disk null:
exec {fd}>&-

# Words that cannot be understood may be disks, too.
copy_fails 2 'are needed' --report=disk ./disk
untouched "a word"
copy_fails 2 'unknown' --events=hard --bogus disk null:
untouched "a word"

# Output that is still possible is written, the same file may be read twice, and
# /dev/null takes everything.
copy_fails 2 'same file' --report="$tmp/report" --events=./new disk new
untouched "with a report"
if (requires_schemas) > "$tmp/probe.log"; then
  expect_report "r['exit'] == 2" "not r['changed']" \
                "'same file' in r['error']['message']"
fi
copy_ok --trace=/dev/null --report=/dev/null --events=/dev/null disk null:
copy_ok --events=1 --report=- disk null:
untouched "what may be"

# A log that the shell appends to is named in three ways, and keeps its content.
for report in - /dev/stdout /dev/fd/1; do
  echo 'what it had' > "$tmp/log"
  stream_ok --events=1 --report=$report --trace=/dev/stderr disk null: \
            >> "$tmp/log"
  [ "$(head -n 1 "$tmp/log")" = 'what it had' ] || fail "$report empties a log"
  [ "$(wc -l < "$tmp/log")" -ge 4 ] || fail "$report: the log has too few lines"
done
