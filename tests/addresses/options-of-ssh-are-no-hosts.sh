#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host or user that ssh would take for an option is refused, before anything is
# started, on the command line and in a manifest (CVE-2025-14946).

. "$(dirname "$0")/../lib/test.sh"

mkdir "$tmp/bin"
cat > "$tmp/bin/ssh" <<END
#!/bin/sh
echo "\$*" >> '$tmp/started'
exit 1
END
chmod +x "$tmp/bin/ssh"
export PATH=$tmp/bin:$PATH
refusal='a host or user that begins with "-" would be an option of ssh'

for uri in 'nbd+ssh://-oProxyCommand=touch/disk' 'nbds+ssh://%2DoProxyCommand=x/' \
           'NBD+SSH://-l@host/disk' 'nbd+ssh://user@-host/disk'; do
  copy_fails 2 "^stripecopy: source .*: $refusal" "$uri" null:
  copy_fails 2 "^stripecopy: destination .*: $refusal" null: "$uri"
done
printf '[{"source": "nbd+ssh://-oProxyCommand=x/d", "destination": "null:"}]' \
       > "$tmp/list"
copy_fails 2 "$refusal" --manifest="$tmp/list"
[ ! -e "$tmp/started" ] || fail "ssh was started: $(cat "$tmp/started")"
