//! `sg3render`: a timeline and a network become a video.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
