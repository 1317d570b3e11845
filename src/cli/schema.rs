//! `sg3render schema`.

use sg3render::Result;
use sg3render::diagnostics::save;
use sg3render::timeline;

use super::args::SchemaArgs;
use super::terminal::say;

/// Prints the schema of timelines, or writes it.
pub fn run(args: &SchemaArgs) -> Result<()> {
    let schema = timeline::schema();
    let Some(path) = &args.output else { return say(schema.trim_end()) };
    save(path, schema.as_bytes(), args.overwrite)?;
    say(&path.display().to_string())
}
