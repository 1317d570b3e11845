//! Tells the linker where libtorch lies, so that the built program runs from any folder.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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
    println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    // `make setup` keeps the CUDA libraries apart, where the program opens them at run time. They may
    // come after this build: a run path that leads nowhere does no harm.
    if let Some(cache) = Path::new(&lib).ancestors().nth(2)
        && cache.join("libtorch.lock").exists()
    {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}/cuda/lib", cache.display());
    }
}
