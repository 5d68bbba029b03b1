#!/bin/sh
# Installs awsmcp servers {{version}}: downloads the archive for this machine, verifies its checksum, and puts the program
# into a directory.
#
#   curl -fsSL {{downloads}}/install.sh | sh -s -- s3 dynamodb
set -eu

version='{{version}}'
servers='{{servers}}'
from=${AWSMCP_DOWNLOADS:-'{{downloads}}'}
to=${AWSMCP_INSTALL_DIR:-"$HOME/.local/bin"}

main() {
    wanted=''
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage; return ;;
            --to) [ $# -gt 1 ] || fail '--to needs a directory'; to=$2; shift ;;
            --from) [ $# -gt 1 ] || fail '--from needs an address'; from=$2; shift ;;
            -*) fail "unknown option $1; --help lists those there are" ;;
            *) wanted="$wanted ${1#awsmcp-}" ;;
        esac
        shift
    done
    [ -n "$wanted" ] || { usage >&2; fail 'name the servers to install'; }
    platform=$(platform)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
    download SHA256SUMS
    for server in $wanted; do
        case " $servers " in
            *" $server "*) ;;
            *) fail "there is no server $server; there are: $servers" ;;
        esac
        install_server "$server"
    done
    case ":$PATH:" in
        *":$to:"*) ;;
        *) echo "note: $to is not in PATH: name the programs by their full paths, or add it" >&2 ;;
    esac
}

usage() {
    cat <<END
usage: install.sh [--to DIRECTORY] [--from ADDRESS] SERVER...

servers: $servers (awsmcp: all in one program)
--to    where programs go; also AWSMCP_INSTALL_DIR [$to]
--from  where the files of the release are; also AWSMCP_DOWNLOADS [$from]
END
}

platform() {
    case $(uname -s) in
        Linux) os=linux ;;
        Darwin) os=darwin ;;
        *) fail "no program for $(uname -s); on Windows use install.ps1 or Scoop" ;;
    esac
    case $(uname -m) in
        x86_64 | amd64) cpu=x64 ;;
        aarch64 | arm64) cpu=arm64 ;;
        *) fail "no program for $(uname -m), only for x86_64 and arm64" ;;
    esac
    # A program for Intel may ask, on a Mac with Apple's processor.
    if [ "$os-$cpu" = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
        cpu=arm64
    fi
    if [ "$os" = linux ] && ! getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
        fail 'this system has no glibc, which the programs need; build from source'
    fi
    echo "$os-$cpu"
}

install_server() {
    case $1 in
        # All servers in one program.
        awsmcp) program=awsmcp ;;
        *) program=awsmcp-$1 ;;
    esac
    stem="$program-$version-$platform"
    download "$stem.tar.gz"
    verify "$stem.tar.gz"
    tar -xzf "$scratch/$stem.tar.gz" -C "$scratch"
    mkdir -p "$to"
    # Under another name first: a running server keeps its file, and nobody starts half of one.
    cp "$scratch/$stem/$program" "$to/.$program.new"
    chmod 755 "$to/.$program.new"
    mv -f "$to/.$program.new" "$to/$program"
    echo "installed $to/$program $version"
}

download() {
    if command -v curl >/dev/null; then
        case $from in
            https://*) curl --proto '=https' --tlsv1.2 -fsSL -o "$scratch/$1" "$from/$1" ;;
            *) curl -fsSL -o "$scratch/$1" "$from/$1" ;;
        esac
    elif command -v wget >/dev/null; then
        wget -qO "$scratch/$1" "$from/$1"
    else
        fail 'neither curl nor wget is there'
    fi || fail "cannot download $from/$1"
}

verify() {
    wanted_sum=$(awk -v file="$1" '$2 == file { print $1 }' "$scratch/SHA256SUMS")
    [ -n "$wanted_sum" ] || fail "SHA256SUMS does not name $1"
    if command -v sha256sum >/dev/null; then
        sum=$(sha256sum "$scratch/$1")
    elif command -v shasum >/dev/null; then
        sum=$(shasum -a 256 "$scratch/$1")
    else
        fail 'neither sha256sum nor shasum is there to verify the download'
    fi
    if [ "${sum%% *}" != "$wanted_sum" ]; then
        fail "$1 is not the file that was released: its checksum is ${sum%% *}, not $wanted_sum; nothing was installed of it"
    fi
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

main "$@"
