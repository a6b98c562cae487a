# SPDX-License-Identifier: LGPL-2.1-or-later
# Workloads with a file or a stream on one side, or on both: see servers.sh.  A
# file is in the page cache before each copy, or, with _cold, not in it.
# shellcheck shell=bash

workloads_of_files=(file_to_nbd file_to_nbd_cold nbd_to_file file_to_file
                    file_to_file_cold nbd_to_stream stream_to_nbd sparse64t
                    qcow2)

files=                          # folder of the files; made on first use
feed=                           # the file that is fed to a stream

# cleanup in lib/test.sh does not remove this folder.
make_folder ()
{
  bytes=$(in_bytes "$BENCH_FILE")
  [ -z "$files" ] || return 0
  files=$(mktemp -d "$(realpath "${BENCH_FOLDER:-.}")/stripecopy-bench.XXXXXX")
  trap 'cleanup 2> /dev/null; rm -rf "$files"' EXIT
  make_data "$files/disk" "$(in_bytes "$BENCH_FILE")"
}

evict ()
{
  dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 status=none
}

# Pending writes of earlier copies must not slow down the next one.
fresh_folder () { rm -f "$files/copy"; sync -f "$files"; }
fresh_warm () { fresh_folder; cat "$files/disk" > /dev/null; }
fresh_cold () { fresh_folder; evict "$files/disk"; }

title_file_to_nbd () { echo "File to NBD: $BENCH_FILE, cached, nbdkit null"; }
start_file_to_nbd ()
{
  make_folder
  src=$files/disk
  serve_nbdkit dst null "$BENCH_FILE"
}
fresh_file_to_nbd () { fresh_warm; }
check_file_to_nbd () { :; }

title_file_to_nbd_cold ()
{
  echo "File to NBD: $BENCH_FILE, not cached, nbdkit null"
}
start_file_to_nbd_cold () { start_file_to_nbd; }
fresh_file_to_nbd_cold () { fresh_cold; }
check_file_to_nbd_cold () { :; }

title_nbd_to_file () { echo "NBD to file: $BENCH_FILE, nbdkit pattern"; }
start_nbd_to_file ()
{
  make_folder
  serve_nbdkit src pattern "$BENCH_FILE"
  dst=$files/copy
}
fresh_nbd_to_file () { fresh_folder; }
check_nbd_to_file () { expect_same_content "$src" "$dst"; }

title_file_to_file () { echo "File to file: $BENCH_FILE, cached"; }
start_file_to_file ()
{
  make_folder
  src=$files/disk dst=$files/copy
}
fresh_file_to_file () { fresh_warm; }
check_file_to_file () { expect_identical "$src" "$dst"; }

title_file_to_file_cold () { echo "File to file: $BENCH_FILE, not cached"; }
start_file_to_file_cold () { start_file_to_file; }
fresh_file_to_file_cold () { fresh_cold; }
check_file_to_file_cold () { expect_identical "$src" "$dst"; }

title_nbd_to_stream ()
{
  echo "NBD to stream: $BENCH_DENSE, nbdkit pattern to cat"
}
start_nbd_to_stream ()
{
  bytes=$(in_bytes "$BENCH_DENSE")
  serve_nbdkit src pattern "$BENCH_DENSE"
  dst=-
}
fresh_nbd_to_stream () { :; }
check_nbd_to_stream () { :; }

title_stream_to_nbd ()
{
  echo "Stream to NBD: $BENCH_FILE, cat of a cached file to nbdkit null"
}
start_stream_to_nbd ()
{
  make_folder
  src=- feed=$files/disk
  serve_nbdkit dst null "$BENCH_FILE"
}
fresh_stream_to_nbd () { fresh_warm; }
check_stream_to_nbd () { :; }

title_sparse64t ()
{
  echo "Sparse: a file of 64 TiB, 1 GiB of it data, in memory, to nbdkit null"
}
start_sparse64t ()
{
  local i
  src=$scratch/sparse
  if ! truncate -s 64T "$src" 2> "$scratch/truncate"; then
    skip "no files of 64 TiB in $scratch"
  fi
  for ((i = 0; i < 16; i++)); do
    put_data "$src" $((i << 42)) $((64 << 20))
  done
  bytes=$((1 << 30))
  serve_nbdkit dst null 64T
  # shellcheck disable=SC2034
  cannot=([nbdcopy]="it wants memory for each page of a file"
          [qemu-img]="it zeroes 64 TiB piece by piece, for minutes")
}
fresh_sparse64t () { :; }
check_sparse64t () { :; }

title_qcow2 ()
{
  echo "qcow2 to a new qcow2: a disk of $BENCH_QCOW2_DISK with $BENCH_QCOW2" \
       "of data in 64 pieces, in memory"
}
start_qcow2 ()
{
  local i piece step
  requires_formats qcow2
  requires qemu-io
  bytes=$(in_bytes "$BENCH_QCOW2")
  piece=$((bytes / 64)) step=$(($(in_bytes "$BENCH_QCOW2_DISK") / 64))
  src=$scratch/source.qcow2 dst=$scratch/copy.qcow2 format=qcow2
  qemu-img create -q -f qcow2 "$src" "$BENCH_QCOW2_DISK"
  for ((i = 0; i < 64; i++)); do
    echo "write -P $((i + 1)) $((i * step)) $piece"
  done | qemu-io -f qcow2 "$src" > "$scratch/qemu-io.log" 2>&1 ||
    fail "qemu-io cannot make the source"
}
fresh_qcow2 () { rm -f "$dst"; }
check_qcow2 () { expect_same_disk qcow2 "$src" qcow2 "$dst"; }
