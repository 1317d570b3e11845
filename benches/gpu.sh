#!/bin/sh
# For a machine with an NVIDIA GPU: whether the fused CUDA kernel is right there, and how fast.
# Not yet run on a GPU.
set -eu
cd "$(dirname "$0")/.."
export SG3RENDER_CUDA=1
scripts/setup.sh
# Every network and operator on the GPU against the golden data. The tests themselves load no CUDA.
library=$(sed -n "s/^LIBTORCH = '\(.*\)'/\1/p" .cargo/config.toml)/../cuda/lib/libtorch_cuda.so
CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="env LD_PRELOAD=$library" cargo test --release --test generator
cargo bench --bench cuda
