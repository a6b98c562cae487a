#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for disks of VMware, with a plugin that
# takes the parameters of nbdkit's vddk plugin, which needs a library that is
# not free, and with modules of Python that have the few names of pyVmomi that
# the page uses.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_plugin sh
requires python3

make_islands "$tmp/disk" 16
echo secret > "$page_folder/vmware.password"

# All parameters of nbdkit-vddk-plugin(1), and no others.
cat > "$tmp/vddk" << 'END'
#!/usr/bin/env bash
case $1 in
  config)
    echo "$2=$3" >> "$VDDK_FOLDER/parameters"
    case $2 in
      file|libdir|config|cookie|nfchostport|password|port|server|single-link) ;;
      snapshot|thumbprint|transports|unbuffered|user|vm|compression) ;;
      *) echo "no such parameter: $2" >&2; exit 1 ;;
    esac ;;
  config_complete)
    for name in file password server thumbprint user vm; do
      grep -q "^$name=" "$VDDK_FOLDER/parameters" ||
        { echo "missing: $name" >&2; exit 1; }
    done
    password=$(sed -n 's/^password=+//p' "$VDDK_FOLDER/parameters")
    [ "$(cat "$password")" = secret ] ||
      { echo "wrong password" >&2; exit 1; } ;;
  thread_model) echo parallel ;;
  get_size) stat -c %s "$VDDK_FOLDER/disk" ;;
  pread) dd if="$VDDK_FOLDER/disk" bs=64k status=none \
            iflag=skip_bytes,count_bytes,fullblock skip="$4" count="$3" ;;
  can_multi_conn|can_extents) exit 0 ;;
  extents)
    offset=$4 end=$(($4 + $3))          # in whole MiB, as with VDDK
    for ((; offset < end; offset = next)); do
      next=$(((offset / 1048576 + 1) * 1048576))
      type=hole,zero
      [ -z "$(dd if="$VDDK_FOLDER/disk" bs=1M count=1 status=none \
                 skip=$((offset / 1048576)) | tr -d '\0' | head -c 1)" ] ||
        type=
      echo "$offset $((next - offset)) $type"
    done ;;
  *) exit 2 ;;
esac
END
chmod +x "$tmp/vddk"
export VDDK_FOLDER=$tmp

# An nbdkit that has the plugin under this name.
cat > "$page_programs/nbdkit" << END
#!$BASH
args=()
for word; do
  case \$word in
    vddk) args+=(sh "$tmp/vddk") ;;
    *) args+=("\$word") ;;
  esac
done
exec $(command -v nbdkit) "\${args[@]}"
END
chmod +x "$page_programs/nbdkit"

run_section MIGRATION.md "From VMware"
expect_identical "$tmp/disk" "$page_folder/new.img"
[ "$(stat -c %b "$page_folder/new.img")" -lt $((16 * 2048)) ] ||
  fail "the copy is not thin"
grep -q '^vm=moref=' "$tmp/parameters" || fail "no parameters were given"

rm "$tmp/parameters"

# The replies about changed areas are of 5 MiB each.
mkdir "$tmp/modules" "$tmp/modules/pyVim"
cat > "$tmp/modules/pyVim/connect.py" << 'END'
class SmartConnect:
    def __init__(self, host, user, pwd):
        assert pwd == "secret"
        self._stub = None
END
cat > "$tmp/modules/pyVmomi.py" << 'END'
from types import SimpleNamespace as Object

CHANGED = [(0, 1 << 20), (3 << 20, 4 << 20), (15 << 20, 1 << 20)]
DISK = Object(key=2000, capacityInBytes=16 << 20,
              backing=Object(changeId="52 de c0 d9/6"))

class VirtualMachine:
    def __init__(self, moref, stub):
        assert moref == "vm-42"

    def QueryChangedDiskAreas(self, snapshot, deviceKey, startOffset, changeId):
        assert deviceKey == 2000 and changeId == "52 de c0 d9/5"
        end = min(startOffset + (5 << 20), DISK.capacityInBytes)
        parts = [(max(at, startOffset), min(at + length, end))
                 for at, length in CHANGED]
        return Object(startOffset=startOffset, length=end - startOffset,
                      changedArea=[Object(start=a, length=b - a)
                                   for a, b in parts if a < b])

class Snapshot:
    def __init__(self, moref, stub):
        assert moref == "snapshot-44"
        self.config = Object(hardware=Object(device=[Object(key=9), DISK]))

vim = Object(VirtualMachine=VirtualMachine, vm=Object(Snapshot=Snapshot))
END

for mib in 0 4 6 15; do
  put_data "$tmp/disk" $((mib << 20)) 65536
done
dd if=/dev/zero of="$tmp/disk" bs=1M seek=3 count=1 conv=notrunc status=none
cp "$tmp/disk" "$tmp/want"
put_data "$tmp/disk" $((8 << 20)) 65536         # not in the list
export change_id="52 de c0 d9/5" PYTHONPATH=$tmp/modules
export PYTHONDONTWRITEBYTECODE=1
run_section MIGRATION.md "With VMware's changed block tracking"
expect_identical "$tmp/want" "$page_folder/new.img"
grep -qxF 'the next change ID is 52 de c0 d9/6' "$errors" ||
  fail "the next change ID is not printed"
