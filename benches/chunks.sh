#!/usr/bin/env bash
# What chunks cost: a timeline rendered in one go and in four chunks that are joined, in turn.
#
#     benches/chunks.sh [TIMELINE [ROUNDS]]      (default: timelines/demo.ron, 3)
#
# SG3RENDER names the program (default: target/release/sg3render). Prints seconds of each round, the
# ratio of the sums, and the join's part of the time in chunks; of a busy machine believe the processors'.
# A join copies where the quarters of the timeline are whole segments of 24 frames.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${SG3RENDER:-target/release/sg3render}
timeline=${1:-timelines/demo.ron}
rounds=${2:-3}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

"$program" farm plan "$timeline" -o "$folder/plan" --chunk 1000000000 --quiet
last=$(cut -d- -f2 "$folder/plan/plan.txt")
quarter=$((last / 4 + 1))

# Seconds of a command, and of the processors in it.
TIMEFORMAT='%R %U %S'
seconds() { { time "$program" "$@" --quiet 2>&3; } 3>&2 2>&1 | awk '{ print $1, $2 + $3 }'; }

for round in $(seq "$rounds"); do
    rm -rf "$folder/chunks"
    whole=$(seconds "$timeline" -o "$folder/whole.mp4" --overwrite)
    chunks=$(for first in 0 $quarter $((2 * quarter)) $((3 * quarter)); do
        end=$((first + quarter - 1 < last ? first + quarter - 1 : last))
        seconds chunk "$timeline" -o "$folder/chunks" --frames "$first-$end"
    done | awk '{ wall += $1; cpu += $2 } END { print wall, cpu }')
    join=$(seconds join "$folder/chunks" -o "$folder/joined.mp4" --overwrite)
    echo "$whole $chunks $join" >>"$folder/times"
    echo "round $round, seconds and processor seconds: one go $whole; four chunks $chunks; join $join"
done
cmp "$folder/whole.mp4" "$folder/joined.mp4"
awk '{ for (i = 1; i <= 6; i++) sum[i] += $i }
    END {
        for (i = 1; i <= 2; i++)
            printf "%s: chunks and join / one go %.3f, join / chunks %.2f %%\n", i == 1 ? "seconds" : "processor",
                (sum[i + 2] + sum[i + 4]) / sum[i], 100 * sum[i + 4] / sum[i + 2]
    }' "$folder/times"
