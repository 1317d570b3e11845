//! `sg3render farm plan`.

use std::env;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf, absolute};

use serde_json::json;
use sg3render::encode;
use sg3render::farm::model::Farm;
use sg3render::farm::openjd::OpenJd;
use sg3render::farm::slurm::{Queue, Slurm};
use sg3render::farm::{self, Batch};
use sg3render::render::Project;
use sg3render::{Error, Result};

use super::farm_args::{Chunk, PlanArgs};
use super::film;
use super::terminal::Terminal;

/// Plans a film.
pub fn run(args: &PlanArgs) -> Result<()> {
    let (project, frames) = film::open(&args.film, args.film_file.as_deref())?;
    let job = film::job(&args.film, &project)?;
    let folder = full(&args.output)?;
    let replaces = is_planned(&folder, args.overwrite)?;
    let film = match &args.film_file {
        Some(film) => full(film)?,
        None => folder.join(film_name(&project)),
    };
    let stream = project.stream().part(&frames, args.overwrite);
    // All that can be wrong with the output is better known before the first frame than after the last.
    drop(encode::open(&film, &project.preset, &stream)?);
    let mut options = args.film.options(&job.preset)?;
    options.push(format!("--device={}", args.film.device.device).into());
    let batch = Batch {
        name: name(&args.film.timeline),
        program: text(&env::current_exe().map_err(|e| Error::io("find", "this program", e))?)?,
        folder: text(&folder)?,
        timeline: text(&full(&args.film.timeline)?)?,
        options: options.iter().map(|option| text(Path::new(option))).collect::<Result<_>>()?,
        film: text(&film)?,
        frames: (frames.start, frames.end - 1),
        chunk: chunk(args, &project, stream.frames),
        job,
    };
    let slurm = Slurm { task_options: args.slurm.task_options(), options: args.slurm.options() };
    if replaces {
        forget(&folder)?;
    }
    batch.write(&[&slurm, &OpenJd])?;
    if replaces {
        farm::sweep(&batch.chunks(), &batch.job, batch.tasks())?;
    }
    tell(args, &batch);
    Ok(())
}

/// Whether the folder holds a job already, which may be planned anew.
fn is_planned(folder: &Path, overwrite: bool) -> Result<bool> {
    fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let plan = Batch::path(folder);
    if !plan.exists() {
        let mut chunks = fs::read_dir(folder.join("chunks")).into_iter().flatten();
        if chunks.next().is_none() {
            return Ok(false);
        }
        return Err(Error::Usage(format!(
            "there are chunks in `{}` that no plan tells of; name another folder",
            folder.display()
        )));
    }
    if !overwrite {
        return Err(Error::Usage(format!(
            "a job is already planned in `{}`; go on with `farm submit`, name another folder, or use \
             --overwrite to plan it anew",
            folder.display()
        )));
    }
    if let Some(queue) = Queue::read(folder)? {
        super::farm::refuse_under_way(&Batch::read(&plan)?, &queue)?;
    }
    Ok(true)
}

/// Removes what is known of an earlier plan's tasks.
fn forget(folder: &Path) -> Result<()> {
    for old in ["slurm.json", "joined"].map(|name| folder.join(name)) {
        match fs::remove_file(&old) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove", old, e));
            }
            _ => {}
        }
    }
    Ok(())
}

fn film_name(project: &Project) -> PathBuf {
    let extension = &project.preset.extensions[0];
    let name = if project.preset.is_images() { "film/%06d" } else { "film" };
    format!("{name}.{extension}").into()
}

/// What queues show: they take few signs.
fn name(timeline: &Path) -> String {
    let stem = timeline.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    stem.chars().map(plain).take(100).collect()
}

fn chunk(args: &PlanArgs, project: &Project, frames: u64) -> NonZeroU64 {
    match args.chunk {
        Chunk::Frames(frames) => frames,
        Chunk::Auto => {
            let seconds = args.frame_seconds.unwrap_or_else(|| project.frame_seconds());
            Farm::new(args.workers, seconds).best_chunk(frames, project.preset.segment())
        }
    }
}

fn full(path: &Path) -> Result<PathBuf> {
    absolute(path).map_err(|e| Error::io("find the folder of", path, e))
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Error::Usage(format!("`{}` is not in UTF-8; give it another name", path.display()))
    })
}

fn tell(args: &PlanArgs, batch: &Batch) {
    let (tasks, folder) = (batch.tasks().count(), &batch.folder);
    let terminal = Terminal::new(&args.film.show.style(), 0);
    let line = format!(
        "{tasks} tasks of {} frames are planned in {folder}; `sg3render farm submit` sends them to Slurm, \
         other engines take {folder}/template.yaml",
        batch.chunk
    );
    let event = json!({"event": "done", "tasks": tasks, "chunk": batch.chunk, "film": batch.film, "folder": folder});
    terminal.finish(&line, &event);
}
