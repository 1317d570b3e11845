//! Builds the C++ border, and tells the linker where libtorch lies, so that the built program runs
//! from any folder.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Whether tests may count on CUDA's run-time compiler; they are told apart as run and ignored.
    println!("cargo::rerun-if-env-changed=SG3RENDER_NVRTC");
    println!("cargo::rustc-check-cfg=cfg(nvrtc)");
    if env::var("SG3RENDER_NVRTC").is_ok_and(|value| value == "1") {
        println!("cargo::rustc-cfg=nvrtc");
    }
    // Set by torch-sys, the folder that it links against; absent without the feature `torch`.
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    println!("cargo::rerun-if-changed={lib}/libtorch_cpu.so");
    if !Path::new(&lib).join("libtorch_cpu.so").exists() {
        println!(
            "cargo::error=no libtorch_cpu.so in `{lib}`: run `make setup`, or set LIBTORCH to a libtorch 2.11.0"
        );
        return;
    }
    build_border(Path::new(&lib));
    println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    // `make setup` keeps the CUDA libraries apart, where the program opens them at run time. They may
    // come after this build: a run path that leads nowhere does no harm.
    if let Some(cache) = Path::new(&lib).ancestors().nth(2)
        && cache.join("libtorch.lock").exists()
    {
        for folder in ["cuda/lib", "nvidia/cu13/lib"] {
            println!("cargo::rustc-link-arg=-Wl,-rpath,{}/{folder}", cache.display());
        }
    }
}

/// Compiles the C++ border against the headers beside the libraries, or where torch-sys, too, is told
/// that they are.
fn build_border(lib: &Path) {
    const SOURCES: [&str; 4] = [
        "src/network/border.cpp",
        "src/network/detector.cpp",
        "src/network/streams.cpp",
        "src/network/processes.cpp",
    ];
    for file in SOURCES.iter().chain(&["src/network/border.hpp", "src/network/gloo"]) {
        println!("cargo::rerun-if-changed={file}");
    }
    println!("cargo::rerun-if-env-changed=LIBTORCH_INCLUDE");
    let beside = lib.parent().unwrap_or(lib).to_path_buf();
    let include = env::var_os("LIBTORCH_INCLUDE").map_or(beside, PathBuf::from).join("include");
    // c10d's headers ask for those of the C++ interface, too, and for gloo's, which are ours.
    let api = include.join("torch/csrc/api/include");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").warnings(false).includes([include, api, "src/network".into()]);
    build.files(SOURCES).compile("border");
}
