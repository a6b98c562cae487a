# SPDX-License-Identifier: LGPL-2.1-or-later
# Workloads from server to server.
# Each sets src and dst.  start_X starts servers, once; fresh_X makes the
# destination fresh before each copy; check_X looks at the copy; title_X names
# the workload.
# shellcheck shell=bash

workloads_of_servers=(dense thin vm slow)

title_dense () { echo "Dense: $BENCH_DENSE of data, nbdkit to nbdkit"; }
start_dense ()
{
  serve_nbdkit src pattern "$BENCH_DENSE"
  serve_nbdkit dst null "$BENCH_DENSE"
}
fresh_dense () { :; }
check_dense () { :; }

title_thin ()
{
  echo "Thin: a qcow2 of $BENCH_THIN with three islands of $BENCH_ISLAND," \
       "to a fresh one, qemu-nbd to qemu-nbd"
}
start_thin ()
{
  local size island at
  requires qemu-img qemu-io qemu-nbd
  size=$(numfmt --from=iec "$BENCH_THIN")
  island=$(numfmt --from=iec "$BENCH_ISLAND")
  qemu-img create -q -f qcow2 "$scratch/thin.qcow2" "$size"
  for at in 0 $((size / 2)) $((size - 2 * island)); do
    qemu-io -f qcow2 -c "write -P 90 $at $island" "$scratch/thin.qcow2" \
      > "$scratch/qemu-io.log" 2>&1 || fail "qemu-io cannot make the source"
  done
  serve_qemu_nbd src -t -r -e 8 -f qcow2 "$scratch/thin.qcow2"
}
fresh_thin ()
{
  [ ! -e "$scratch/fresh.qcow2" ] || stop_server dst
  rm -f "$scratch/fresh.qcow2"
  qemu-img create -q -f qcow2 "$scratch/fresh.qcow2" "$BENCH_THIN"
  serve_qemu_nbd dst -t -e 8 -f qcow2 "$scratch/fresh.qcow2"
}
check_thin () { expect_same_content "$src" "$dst"; }

title_vm ()
{
  echo "Like a VM's: a disk of $BENCH_VM, a tenth of it data in short runs," \
       "nbdkit to nbdkit"
}
start_vm ()
{
  requires_plugin sparse-random
  serve_nbdkit src sparse-random "$BENCH_VM" seed=1
  serve_nbdkit dst null "$BENCH_VM"
}
fresh_vm () { :; }
check_vm () { :; }

title_slow ()
{
  echo "Slow link: $BENCH_SLOW of data, each read and each write delayed by" \
       "$BENCH_DELAY, nbdkit to nbdkit"
}
start_slow ()
{
  requires_filter delay
  serve_nbdkit src --filter=delay pattern "$BENCH_SLOW" rdelay="$BENCH_DELAY"
  serve_nbdkit dst --filter=delay null "$BENCH_SLOW" wdelay="$BENCH_DELAY"
}
fresh_slow () { :; }
check_slow () { :; }
