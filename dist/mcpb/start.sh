#!/bin/sh
# Starts the server of this bundle. Each argument is a directory that its tools may read and write.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
server="$here/{{binary}}"
# Some hosts unpack a bundle without the modes of its files.
[ -x "$server" ] || chmod +x "$server"

for directory do
    shift
    case "$directory" in
        # What a host gives where nobody chose a directory.
        '' | \$\{user_config.*) ;;
        *) set -- "$@" --allow-dir "$directory" ;;
    esac
done
exec "$server" "$@"
