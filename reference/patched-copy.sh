# Sourced by reference/prove-attacks and reference/break: a copy of the tree in which a patch removes
# a defence. They define `say` and `fail`, and share the copy, so that its dependencies take disk
# space once.
# shellcheck shell=bash

place=$PWD/target/patched
patches=$PWD/reference/patches
. reference/linked-target.sh
all_patches() { (cd "$patches" && ls -- *.patch) 2>/dev/null | sed 's/\.patch$//'; }

tests_of() { # prints the tests that the patch $1 names above its diff
    sed -n -e '/^diff /q' -e '/^--- /q' -e 's/^test: *//p' "$patches/$1.patch"
}

applies() { git apply --check "$patches/$1.patch"; }

test_exists() { # $1: MODULE::NAME
    local module=${1%::*}
    grep -qw "fn ${1##*::}" "tests/${module//:://}.rs" 2>/dev/null
}

lock() { # until `unlock`, only this process uses the copy
    local other
    mkdir -p "$place"
    if ! ln -s $$ "$place/lock" 2>/dev/null; then
        other=$(readlink "$place/lock" || true)
        kill -0 "$other" 2>/dev/null &&
            fail "process $other uses the copy: wait until it ends, or remove target/patched/lock"
        ln -sfn $$ "$place/lock" # of a process that was killed
    fi
    trap unlock EXIT
}
unlock() { rm -f "$place/lock"; }

# Makes a copy of the tree, and of its compiled dependencies. The next copies reuse what was built
# in the first one.
make_copy() {
    local from=${CARGO_TARGET_DIR:-target}
    bin/setup
    tree=$place/tree
    export CARGO_TARGET_DIR=$place/target
    DATABASE_URL=$(bin/postgres url)
    export DATABASE_URL RUST_BACKTRACE=0
    # Sequences in tests/attacks/journeys.rs: fewer than usual, but enough to notice a missing
    # defence.
    export JOURNEYS=${JOURNEYS:-60}
    export GIT_CEILING_DIRECTORIES=$place # git must not find our repository from inside the copy

    rm -rf "$tree" && mkdir -p "$tree"
    git ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
        tar --null -T - -cf - | tar -xf - -C "$tree" # with times, so cargo builds only changed files
    touch "$tree/src/lib.rs"         # and never reuses the patched build of the last run
    [ ! -f .env ] || cp -p .env "$tree/.env"

    if [ -d "$from/debug/deps" ] && ! cmp -s Cargo.lock "$place/seeded"; then
        link_target "$from" "$CARGO_TARGET_DIR" "$(sed -n '/^name = /{s/.*"\(.*\)"/\1/p;q;}' Cargo.toml)"
        cp Cargo.lock "$place/seeded"
    fi
}

apply_in_copy() { (cd "$tree" && git apply "$patches/$1.patch"); }
revert_in_copy() { (cd "$tree" && git apply --reverse "$patches/$1.patch"); }

# A test of the folder tests/ builds the app too, and this one is small. `cargo build` would compile
# the dependencies again, without the features that the tests enable.
build_app() { (cd "$tree" && cargo test --test house_rules --no-run); }
check_app() { (cd "$tree" && cargo check --lib --bins); }
build_tests() { (cd "$tree" && cargo test --test main --no-run); }

run_tests() { # the tests $@; their output goes to $place/output
    (cd "$tree" && cargo test --test main -- --exact "$@") >"$place/output" 2>&1 || true
}

results() { # prints the tests that ended with $1, FAILED or ok
    sed -n "s/^test \(.*\) \.\.\. $1\$/\1/p" "$place/output" | sort
}
