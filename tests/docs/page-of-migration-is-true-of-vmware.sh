#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for disks of VMware, with a plugin that
# takes the parameters of nbdkit's vddk plugin, which needs a library that is
# not free.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_plugin sh

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
