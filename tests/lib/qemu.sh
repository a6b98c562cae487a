# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a QEMU without a machine, for tests with disks that are written to while
# they are copied.  Sourced after test.sh.
# shellcheck shell=bash disable=SC2154

requires qemu-storage-daemon qemu-img qemu-io python3

# Starts qemu-storage-daemon with a disk, the node "disk": start_qemu NAME
# DRIVER FILE ARGS...  NAME_qmp is the socket of its monitor.
start_qemu ()
{
  local name=$1 driver=$2 file=$3 pidfile=$tmp/$1.pid
  remove_old "$pidfile" "$tmp/$name.sock" "$tmp/$name.qmp"
  printf -v "${name}_qmp" %s "$tmp/$name.qmp"
  qemu-storage-daemon --pidfile "$pidfile" \
    --chardev socket,path="$tmp/$name.qmp",server=on,wait=off,id=monitor \
    --monitor chardev=monitor \
    --blockdev driver=file,node-name=file,filename="$file",discard=unmap \
    --blockdev driver="$driver",node-name=disk,file=file,discard=unmap \
    "${@:4}" > "$tmp/$name.log" 2>&1 &
  server_is_up "$name" "$pidfile" copy
}

# Does the same, with a server for NBD before ARGS.  NAME is the address of an
# export "copy", which begin_round makes; NAME_guest is that of an export
# "guest", which takes the writes of a machine.
serve_qemu ()
{
  local address=$tmp/$1.sock
  printf -v "${1}_guest" %s "nbd+unix:///guest?socket=$address"
  start_qemu "${@:1:3}" \
    --nbd-server addr.type=unix,addr.path="$address",max-connections=0 \
    --export type=nbd,id=guest,node-name=disk,name=guest,writable=on "${@:4}"
}

qmp_program=$srcdir/../docs/ansible/plugins/module_utils/qmp.py

# Sends commands from standard input to the QEMU of this name.
qmp ()
{
  local socket=${1}_qmp
  python3 "$qmp_program" "${!socket}" > "$tmp/qmp.out" 2> "$tmp/qmp.err" ||
    fail "$(cat "$tmp/qmp.err")"
}

# begin_round NAME N: freezes the bitmap of the round before, if there is one,
# and begins the bitmap round-N at the same moment.  The export "copy" has the
# frozen bitmap.
begin_round ()
{
  local old=round-$(($2 - 1)) actions
  actions='{ "type": "block-dirty-bitmap-add", "data": { "node": "disk",
             "name": "round-'$2'", "persistent": '${persistent:-false}' } }'
  if [ "$2" -gt 1 ]; then
    actions+=', { "type": "block-dirty-bitmap-disable", "data": {
                  "node": "disk", "name": "'$old'" } }'
  else
    old=
  fi
  {
    echo '{ "execute": "transaction", "arguments": { "actions": ['
    echo "$actions ] } }"
    export_command "$old"
  } | qmp "$1"
}

# Prints a command that exports the disk as "copy", with this bitmap or without
# a bitmap.
export_command ()
{
  echo '{ "execute": "block-export-add", "arguments": {
          "type": "nbd", "id": "copy", "name": "copy", "node-name": "disk",
          "bitmaps": [ '"${1:+\"$1\"}"' ] } }'
}

# Removes the export, and the bitmap that it has shown: end_round NAME N.
end_round ()
{
  {
    echo '{ "execute": "block-export-del", "arguments": { "id": "copy" } }'
    [ "$2" -eq 1 ] || echo '{ "execute": "block-dirty-bitmap-remove",
      "arguments": { "node": "disk", "name": "round-'$(($2 - 1))'" } }'
  } | qmp "$1"
}

# The machine writes: guest NAME COMMAND..., each a command of qemu-io.
guest ()
{
  local address=${1}_guest args=() command
  for command in "${@:2}"; do
    args+=(-c "$command")
  done
  qemu-io -f raw "${args[@]}" "${!address}" > "$tmp/guest" 2>&1 ||
    fail "the guest cannot write: $(cat "$tmp/guest")"
  ! grep -q failed "$tmp/guest" || fail "a write failed: $(cat "$tmp/guest")"
}

# For pages in docs/: makes the program qmp, which sends its standard input to
# this QEMU, and then runs the first line of the file $tmp/meanwhile.
make_page_qmp ()
{
  : > "$tmp/meanwhile"
  cat > "$page_programs/qmp" <<END
#!$BASH
python3 '$(realpath "$qmp_program")' '$tmp/$1.qmp' || exit
head -n 1 '$tmp/meanwhile' > '$tmp/now'
sed -i 1d '$tmp/meanwhile'
. '$tmp/now'
END
  chmod +x "$page_programs/qmp"
}

# The machine writes after the next call of qmp by a page, or after a later one
# if meanwhile was called before: meanwhile NAME COMMAND...
meanwhile ()
{
  local address=${1}_guest
  shift
  printf '%q ' qemu-io -f raw "${@/#/-c}" "${!address}" >> "$tmp/meanwhile"
  echo "> '$tmp/guest'" >> "$tmp/meanwhile"
}

# Checks that all of these writes were made.
expect_written_meanwhile ()
{
  [ ! -s "$tmp/meanwhile" ] || fail "nothing was written meanwhile"
}
