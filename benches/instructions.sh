#!/usr/bin/env bash
# Counts the instructions of whole fits and holds them against benches/instructions.txt.
#
#   benches/instructions.sh            more than 2 % worse on any photograph fails
#   benches/instructions.sh --accept   measures, and writes the baseline
#
# Only this program's own code is counted, by callgrind's account of the executable: the C library chooses its copying by
# the processor, and so would differ between machines. Nothing in the fit of a JPEG chooses by the processor.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly baseline=benches/instructions.txt
readonly tolerated_percent=2
accept=no
[ "${1:-}" = --accept ] && accept=yes

if ! command -v valgrind >/dev/null; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends valgrind; }; then
        echo "valgrind is needed to count instructions, and could not be installed: apt-get install valgrind"
        exit 1
    fi
fi

toolchain="$(rustc --version | cut -d' ' -f2) $(rustc --version --verbose | sed -n 's/^host: //p')"
program=$(cargo bench --quiet --no-run --no-default-features --features bench-internals --bench instructions --message-format=json |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -x "$program" ] || { echo "the program to count was not built"; exit 1; }
counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT

# Self costs of the functions of one object. A line after `calls=` is the cost of a call, already counted in the callee.
own_instructions() {
    awk -v program="$program" '
        # A name stands where its number is first used, be it of a callee.
        /^c?ob=/ {
            id = $1; sub(/^c?ob=/, "", id)
            if (NF > 1) { own[id] = (substr($0, index($0, $2)) == program) }
        }
        /^ob=/ { inside = own[id] }
        /^calls=/ { skip = 1; next }
        /^[0-9+*-]/ { if (skip) { skip = 0 } else if (inside) { total += $2 } }
        END { printf "%d\n", total }
    ' "$1"
}

measure() {
    local name=$1 cap=$2
    if ! RAYON_NUM_THREADS=1 valgrind --quiet --tool=callgrind --callgrind-out-file="$counts/$name" \
        "$program" "fixtures/photos/$name.jpg" "$cap" </dev/null >"$counts/$name.log" 2>&1; then
        cat "$counts/$name.log" >&2
        echo "counting $name failed" >&2
        return 1
    fi
    own_instructions "$counts/$name"
}

if [ $accept = yes ]; then
    {
        grep '^#' "$baseline"
        echo "toolchain $toolchain"
        while read -r name cap _; do
            case $name in '#'* | toolchain | '') continue ;; esac
            now=$(measure "$name" "$cap")
            echo "$name $cap $now"
        done <"$baseline"
    } >"$counts/accepted"
    cp "$counts/accepted" "$baseline"
    cat "$baseline"
    exit 0
fi

recorded=$(sed -n 's/^toolchain //p' "$baseline")
failed=0
compared=0
while read -r name cap before; do
    case $name in '#'* | toolchain | '') continue ;; esac
    now=$(measure "$name" "$cap")
    change=$(awk -v now="$now" -v before="$before" 'BEGIN { printf "%+.2f", (now / before - 1) * 100 }')
    echo "$name under $cap bytes: $now instructions, $change % on the baseline's $before"
    if awk -v change="$change" -v most=$tolerated_percent 'BEGIN { exit !(change > most) }'; then
        failed=1
    elif awk -v change="$change" -v most=$tolerated_percent 'BEGIN { exit !(change < -most) }'; then
        echo "  better by more than $tolerated_percent %: the baseline may be lowered, benches/instructions.sh --accept"
    fi
    compared=$((compared + 1))
done <"$baseline"

if [ $compared = 0 ]; then
    echo "$baseline names no photograph"
    exit 1
fi
if [ $failed = 1 ]; then
    echo "a fit takes over $tolerated_percent % more instructions than $baseline says."
    if [ "$toolchain" != "$recorded" ]; then
        echo "that was counted with $recorded, this with $toolchain: count the parent commit with this one to tell the compiler's share."
    fi
    echo "if the price is meant: benches/instructions.sh --accept, commit the file, and say in the message what was bought."
    exit 1
fi
