#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for a round with libvirt's backups, with a
# virsh that reads the same XML, and does what libvirt does with the bitmaps of
# a QEMU.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/qemu.sh"
requires_formats qcow2

cat > "$page_programs/virsh" <<'END_VIRSH'
#!/usr/bin/env python3
import os, subprocess, sys
import xml.etree.ElementTree as ElementTree

folder = os.environ["VIRSH_FOLDER"]
sys.path.insert(0, os.environ["QMP_FOLDER"])
import qmp

monitor = qmp.Monitor(folder + "/old.qmp")

def words(values):
    return {key.replace("_", "-"): value for key, value in values.items()}

def execute(command, /, **arguments):
    monitor.execute({"execute": command, "arguments": words(arguments)})

def action(kind, /, **data):
    return {"type": kind, "data": words(data)}

def read(file, kind):
    root = ElementTree.parse(file).getroot()
    assert root.tag == kind, root.tag
    return root

def backup_begin(guest, backup, checkpoint):
    assert guest == "guest"
    backup = read(backup, "domainbackup")
    checkpoint = read(checkpoint, "domaincheckpoint").findtext("name")
    server = backup.find("server")
    disk, = backup.findall("disks/disk")
    assert backup.attrib == {"mode": "pull"}
    assert server.get("transport") == "unix"
    assert disk.attrib == {"name": "vda", "backup": "yes", "type": "file"}
    scratch = disk.find("scratch").get("file")

    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", scratch, "16M"],
                   check=True)
    execute("blockdev-add", driver="qcow2", node_name="scratch", backing="disk",
            file={"driver": "file", "filename": scratch})
    execute("transaction", actions=[
        action("block-dirty-bitmap-add", node="disk", name="backup-vda",
               disabled=True),
        action("block-dirty-bitmap-merge", node="disk", target="backup-vda",
               bitmaps=[backup.findtext("incremental")]),
        action("block-dirty-bitmap-add", node="disk", name=checkpoint,
               persistent=True),
        action("blockdev-backup", job_id="backup", device="disk",
               target="scratch", sync="none")])
    execute("block-export-add", type="nbd", id="vda", name="vda",
            node_name="scratch", bitmaps=["backup-vda"])
    os.symlink(folder + "/old.sock", server.get("socket"))
    with open(folder + "/scratch", "w") as file:
        file.write(scratch)
    subprocess.run(["sh", folder + "/meanwhile"], check=True)

def domjobabort(guest):
    execute("block-export-del", id="vda")
    execute("block-job-cancel", device="backup")
    execute("blockdev-del", node_name="scratch")
    execute("block-dirty-bitmap-remove", node="disk", name="backup-vda")
    with open(folder + "/scratch") as file:
        os.unlink(file.read())

def checkpoint_delete(guest, name):
    execute("block-dirty-bitmap-remove", node="disk", name=name)

globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
END_VIRSH
chmod +x "$page_programs/virsh"
export VIRSH_FOLDER=$tmp QMP_FOLDER PYTHONDONTWRITEBYTECODE=1
QMP_FOLDER=$(realpath "${qmp_program%/*}")

make_islands "$tmp/disk" 16
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/old.qcow2"
serve_qemu old qcow2 "$tmp/old.qcow2"
persistent=true begin_round old 1
copy_ok "$old" "$page_folder/new.img"
end_round old 1
guest old 'write -P 1 3M 1M' 'write -z 9M 64k' 'discard 10M 64k'
qemu-img convert -f raw -O raw "$old_guest" "$tmp/moment"

: > "$tmp/meanwhile"
meanwhile old 'write -P 2 3M 64k' 'write -P 3 7M 64k'
run_section MIGRATION.md "With libvirt"
expect_identical "$tmp/moment" "$page_folder/new.img"

# What was written meanwhile is in the next checkpoint.
qmp old <<< '{ "execute": "block-dirty-bitmap-disable", "arguments": {
               "node": "disk", "name": "round-2" } }'
export_command round-2 | qmp old
copy_ok --changed=qemu:dirty-bitmap:round-2 --verify=all "$old" \
        "$page_folder/new.img"
expect_same_content "$old" "$page_folder/new.img"
