#!/bin/sh
# Installs what a build needs and this machine lacks: FFmpeg's headers, libclang, a C++ compiler,
# libtorch. Does nothing, at once, where all is there. Variables that change what it does:
#   LIBTORCH, LIBTORCH_USE_PYTORCH   a libtorch of your own: none is fetched
#   SG3RENDER_CACHE                  where libtorch goes (default ~/.cache/sg3render)
#   SG3RENDER_CUDA=0 or 1            without or with the CUDA libraries, whatever driver is here
#   SG3RENDER_NVRTC=1                with CUDA's run-time compiler, which tests then demand
#   SG3RENDER_FARM=1                 with the engines of render farms that `make test-farm` runs
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# --- System packages -----------------------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }
have_daemon() { (PATH=$PATH:/usr/sbin:/sbin; have "$1"); }
have_library() { have pkg-config && pkg-config --exists "$1"; }
have_file() { for file; do [ -e "$file" ] && return; done; return 1; }
have_libclang() { # The library and the compiler's own headers, which bindgen reads.
    [ -n "${LIBCLANG_PATH:-}" ] || {
        have_file /usr/lib*/llvm*/lib*/libclang[.-][s0-9]* /usr/lib*/libclang[.-][s0-9]* &&
            have_file /usr/lib*/llvm*/lib*/clang/*/include/stddef.h /usr/lib*/clang/*/include/stddef.h
    }
}
have_pip() { own_libtorch || libtorch_complete || python3 -m pip --version >/dev/null 2>&1; }

case ${SG3RENDER_FARM:-} in
    1) farm=yes ;;
    '') farm= ;;
    *) fail "SG3RENDER_FARM is \`$SG3RENDER_FARM\`; expected 1, or nothing" ;;
esac

missing=
need() { package=$1; shift; "$@" || missing="$missing $package"; }

check_packages() {
    missing=
    need g++ have c++
    need make have make
    need pkg-config have pkg-config
    need libclang-dev have_libclang
    for library in avcodec avformat avutil swscale swresample; do
        need "lib$library-dev" have_library "lib$library"
    done
    need ffmpeg have ffprobe
    need python3-pip have_pip
    if [ -n "$farm" ]; then
        need slurm-wlm have_daemon slurmctld
        need munge have_daemon munged
        # A virtual environment's own pip.
        need python3-venv python3 -c 'import ensurepip'
    fi
    missing=${missing# }
}

# shellcheck disable=SC2086 # $missing is one word per package, $root and $apt are commands.
install_packages() {
    have apt-get || fail "missing here, by their Debian names: $missing. Install them and run this again."
    if [ "$(id -u)" = 0 ]; then
        root=
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        root=sudo
    else
        fail "as root, run: apt-get update && apt-get install -y --no-install-recommends $missing"
    fi
    say "installing $missing"
    apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120"
    # Fresh images have no package lists, old ones stale lists; a broken third-party list is no obstacle.
    $root $apt update || say "going on with the package lists that are here"
    $root $apt install -y --no-install-recommends $missing
}

# --- libtorch ------------------------------------------------------------------------------------

cache=${SG3RENDER_CACHE:-${XDG_CACHE_HOME:-${HOME:?setup: HOME is not set: set SG3RENDER_CACHE}/.cache}/sg3render}
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
libtorch=$cache/libtorch-2.11.0

nvidia_driver() {
    [ -e /proc/driver/nvidia/version ] || PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'
}
case ${SG3RENDER_CUDA:-} in
    1) cuda=yes ;;
    0) cuda= ;;
    '') if nvidia_driver; then cuda=yes; else cuda=; fi ;;
    *) fail "SG3RENDER_CUDA is \`$SG3RENDER_CUDA\`; expected 0 or 1" ;;
esac
locks="scripts/libtorch.lock${cuda:+ scripts/libtorch-cuda.lock}"
case ${SG3RENDER_NVRTC:-} in
    1) locks="$locks scripts/nvrtc.lock" ;;
    '') ;;
    *) fail "SG3RENDER_NVRTC is \`$SG3RENDER_NVRTC\`; expected 1, or nothing" ;;
esac

libtorch_complete() {
    for lock in $locks; do
        cmp -s "$lock" "$libtorch/${lock#scripts/}" || return 1
    done
}

fetch_libtorch() {
    [ "$(uname -sm)" = "Linux x86_64" ] ||
        fail "libtorch is pinned for x86-64 Linux and this is $(uname -sm): set LIBTORCH to a libtorch 2.11.0 of your own."
    if [ -n "$cuda" ]; then size=2.5; else size=0.6; fi
    say "libtorch 2.11.0${cuda:+ with CUDA} goes to $libtorch (once; $size GB to download)"
    # shellcheck disable=SC2086 # One word per lock file.
    python3 scripts/fetch_libtorch.py "$libtorch" $locks
}

# Plain `cargo build` learns from .cargo/config.toml where libtorch lies; the environment goes first.
config=.cargo/config.toml
mark='# Written by scripts/setup.sh.'
own_config() { [ -e $config ] && [ "$(head -n 1 $config)" != "$mark" ]; }

own_libtorch() {
    [ -n "${LIBTORCH:-}${LIBTORCH_USE_PYTORCH:-}" ] ||
        { own_config && grep -q LIBTORCH $config && ! grep -qF "$libtorch/torch" $config; }
}

write_cargo_config() {
    if own_config; then
        grep -q LIBTORCH $config ||
            fail "$config is your own and is left alone: add \`LIBTORCH = '$libtorch/torch'\` under its [env]."
        return
    fi
    text=$(printf "%s\n[env]\nLIBTORCH = '%s'" "$mark" "$libtorch/torch")
    if [ "$(cat $config 2>/dev/null)" != "$text" ]; then
        mkdir -p .cargo
        printf '%s\n' "$text" >$config.part
        mv $config.part $config
    fi
}

# --- All of it -----------------------------------------------------------------------------------

have cargo || fail "Rust is missing: install it with rustup, or add ~/.cargo/bin to PATH."
check_packages
if [ -n "$missing" ]; then
    install_packages
    check_packages
    [ -z "$missing" ] || fail "still missing after the installation: $missing"
fi
if own_libtorch; then
    [ -z "${LIBTORCH:-}" ] || [ -e "${LIBTORCH_LIB:-$LIBTORCH}/lib/libtorch_cpu.so" ] ||
        fail "LIBTORCH is \`$LIBTORCH\` and holds no lib/libtorch_cpu.so: correct it, or unset it to have libtorch fetched."
else
    libtorch_complete || fetch_libtorch
    write_cargo_config
fi
if [ -n "$farm" ] && ! "$cache/openjd/bin/openjd" --version >/dev/null 2>&1; then
    say "the command of Open Job Description goes to $cache/openjd"
    python3 -m venv --clear "$cache/openjd"
    "$cache/openjd/bin/pip" -q --disable-pip-version-check install openjd-cli==0.8.0
fi
