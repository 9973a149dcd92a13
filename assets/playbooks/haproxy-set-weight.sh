#!/bin/sh
# Writes the weight of one server into haproxy.cfg, so that a weight set at run time survives a reload.
#
#   haproxy-set-weight.sh [--check] FILE BACKEND SERVER WEIGHT
#
# The new file is checked by `haproxy -c` before it takes the old one's place in one rename; the old file stays
# beside it as FILE.before-UTCTIME. With --check nothing is written: exit 0 when FILE says that weight already,
# exit 1 when not. Other exits: 2 wrong use, 3 no such server, 4 HAProxy refuses the result.
# HAPROXY names another program than `haproxy`.
set -eu

check=no
if [ "${1:-}" = --check ]; then check=yes; shift; fi
if [ $# -ne 4 ]; then echo "usage: $0 [--check] FILE BACKEND SERVER WEIGHT" >&2; exit 2; fi
file=$1 backend=$2 server=$3 weight=$4
case $weight in
  ''|*[!0-9]*) echo "weight \"$weight\" is not a whole number from 0 to 256" >&2; exit 2 ;;
esac
if [ ${#weight} -gt 3 ] || [ "$weight" -gt 256 ]; then echo "weight $weight is over 256" >&2; exit 2; fi
if [ -h "$file" ]; then file=$(readlink -f -- "$file"); fi
if [ ! -f "$file" ]; then echo "$file: no such file" >&2; exit 3; fi

# The file with the weight set; exit 3 unless exactly one line was the server's.
edited() {
  awk -v backend="$backend" -v server="$server" -v weight="$weight" '
    /^[ \t]*(global|defaults|frontend|backend|listen|peers|resolvers|userlist|mailers|ring|cache|program|http-errors)([ \t]|$)/ {
      here = ($1 == "backend" || $1 == "listen") && $2 == backend
    }
    here && $1 == "server" && $2 == server {
      found++
      comment = ""
      if (match($0, /[ \t]#/)) { comment = substr($0, RSTART); $0 = substr($0, 1, RSTART - 1) }
      sub(/[ \t]+$/, "")
      if (match($0, /[ \t]weight[ \t]+[^ \t]+/))
        $0 = substr($0, 1, RSTART - 1) " weight " weight substr($0, RSTART + RLENGTH)
      else
        $0 = $0 " weight " weight
      $0 = $0 comment
    }
    { print }
    END { exit (found == 1 ? 0 : 3) }
  ' "$file"
}

if ! edited >/dev/null; then
  echo "$file: no single line \"server $server\" in backend $backend" >&2
  exit 3
fi
if edited | cmp -s - "$file"; then
  echo "$file: $backend/$server has weight $weight already"
  exit 0
fi
if [ $check = yes ]; then
  echo "$file: $backend/$server has another weight than $weight"
  exit 1
fi

new=$(mktemp -- "$file.new-XXXXXX")
trap 'rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
cp -p -- "$file" "$new"                            # the old file's owner and mode
edited >"$new"
if ! said=$("${HAPROXY:-haproxy}" -c -f "$new" 2>&1); then
  printf '%s\n' "$said" >&2
  echo "$file: HAProxy refuses the new file, the old one stays" >&2
  exit 4
fi
kept=$file.before-$(date -u +%Y%m%dT%H%M%SZ)
cp -p -- "$file" "$kept"
sync -- "$new" 2>/dev/null || sync
mv -f -- "$new" "$file"
trap - EXIT
echo "$file: $backend/$server now has weight $weight; the old file is $kept"
