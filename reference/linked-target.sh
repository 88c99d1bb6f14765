# Sourced by reference/patched-copy.sh and reference/try-new.
# shellcheck shell=bash

# Makes the target folder $2 from $1 without the crate $3: another tree with nearly the same
# dependencies compiles only those that differ. Hard links take no space and no time. Cargo
# replaces or overwrites the files of a crate that it builds, so those of the crate $3 are removed:
# the files that are named by the hash of one of its units.
link_target() {
    local folder unit
    rm -rf "$2" && mkdir -p "$2/debug"
    for folder in deps build .fingerprint; do
        cp -al "$1/debug/$folder" "$2/debug/" 2>/dev/null || cp -Rp "$1/debug/$folder" "$2/debug/"
    done
    for unit in "$2/debug/.fingerprint/$3"-*; do
        rm -rf "$2"/debug/*/*"-${unit##*-}"* "$unit"
    done
}
