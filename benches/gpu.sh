#!/bin/sh
# For a machine with an NVIDIA GPU: whether everything is right there, and how fast.
# Not yet run on a GPU.
#
#   benches/gpu.sh          set up, build and run, all on that machine
#   benches/gpu.sh build    only build, into gpu/, to be carried to a machine without Rust or FFmpeg
#   benches/gpu.sh run      only run what is in gpu/, against the libtorch 2.11.0 of that machine's Python
set -eu
cd "$(dirname "$0")/.."

build() {
    SG3RENDER_CUDA=${SG3RENDER_CUDA:-0} scripts/setup.sh
    rm -rf gpu
    mkdir gpu
    # Cargo names what it made in its messages; the names carry hashes.
    cargo build --release --no-default-features --features torch,cli --bin sg3render \
        --bench cuda --bench end_to_end --test generator --example procedural_footage --message-format json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | while read -r made; do
            cp "$made" "gpu/$(basename "$made" | sed 's/-[0-9a-f]\{16\}$//')"
        done
    ls -l gpu
}

# Seconds a kimg, in a folder's stats.jsonl: T at a size, with the published capacity and batch. The words after
# the folder start it.
train() {
    size=$1 folder=$2
    shift 2
    rm -rf "$folder"
    "$@" gpu/sg3render train "gpu/silk$size" -o "$folder" --config stylegan3-t --batch 32 --batch-gpu 16 --mirror \
        --kimg 1 --tick 0.25 --snap 100 --walk 0 --precision f16
    tail -n 1 "$folder/stats.jsonl"
}

run() {
    if lib=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null); then
        export LD_LIBRARY_PATH="$lib/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    else
        lib=$(sed -n "s/^LIBTORCH = '\(.*\)'/\1/p" .cargo/config.toml)
        export LD_LIBRARY_PATH="$lib/lib:$lib/../cuda/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    fi
    # Every network and operator on the GPU against the golden data. The tests themselves load no CUDA.
    LD_PRELOAD=libtorch_cuda.so gpu/generator
    gpu/cuda
    for name in t256 r256 t1024 r1024; do
        gpu/end_to_end --device=cuda --frames=64 $name
        gpu/end_to_end --device=cuda --frames=64 --precision=tf32 $name
    done
    # The whole program, and the same film from the CPU: pictures that differ by rounding only.
    for device in cpu cuda; do
        gpu/sg3render timelines/demo.ron -o "${OUT:-gpu}/$device-%02d.png" --preset png --frames 0-7 \
            --device $device --overwrite
    done
    for size in 256 512; do
        gpu/procedural_footage silk gpu/silk$size/%05d.png $size 64 1.7
        train $size "${OUT:-gpu}/train$size" env
    done
    # NCCL takes a device for each process.
    if [ "$(nvidia-smi -L | wc -l)" -gt 1 ]; then
        train 256 "${OUT:-gpu}/train256-nccl" torchrun --nproc-per-node 2 --no-python
    fi
}

case "${1:-all}" in
all) SG3RENDER_CUDA=1 build && run ;;
build) build ;;
run) run ;;
*) echo "expected nothing, build or run, not \`$1\`" >&2 && exit 64 ;;
esac
