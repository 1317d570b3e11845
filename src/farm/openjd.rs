//! Open Job Description, the template format of AWS Deadline Cloud and others. The engine chooses the
//! bounds of the tasks, so any range must do, and the join asks for all frames.
//! <https://github.com/OpenJobDescription/openjd-specifications/wiki/2023-09-Template-Schemas>

use serde_json::json;

use super::{Batch, Engine};

/// Writes `template.yaml`.
pub struct OpenJd;

impl Engine for OpenJd {
    fn files(&self, batch: &Batch) -> Vec<(&'static str, String)> {
        vec![("template.yaml", template(batch))]
    }
}

/// JSON's strings and lists are YAML's, too.
fn template(batch: &Batch) -> String {
    let Batch { name, program, folder, timeline, film, frames: (first, last), chunk, .. } = batch;
    let frames = format!("{first}-{last}");
    let mut chunk_args = ["chunk", "{{RawParam.Timeline}}"].map(String::from).to_vec();
    chunk_args.extend(batch.options.clone());
    chunk_args.extend(
        [
            "--plan",
            "{{RawParam.Folder}}/plan.json",
            "--output",
            "{{RawParam.Folder}}/chunks",
            "--frames",
            "{{Task.Param.Frames}}",
        ]
        .map(String::from),
    );
    let join_args = [
        "join",
        "{{RawParam.Folder}}/chunks",
        "--frames",
        &frames,
        "--overwrite",
        "--output",
        "{{RawParam.Film}}",
    ];
    format!(
        r#"# Written by `sg3render farm plan`. Every task renders frames to a chunk, Join makes the film of them.
specificationVersion: jobtemplate-2023-09
extensions: [TASK_CHUNKING]
name: {name}
parameterDefinitions:
  - {{name: Program, type: STRING, default: {program}, description: The program on the workers}}
  - {{name: Timeline, type: STRING, default: {timeline}}}
  - {{name: Folder, type: STRING, default: {folder}, description: Plan and chunks; shared by all workers}}
  - {{name: Film, type: STRING, default: {film}}}
steps:
  - name: Render
    parameterSpace:
      taskParameterDefinitions:
        - name: Frames
          type: CHUNK[INT]
          range: {frames}
          chunks: {{defaultTaskCount: {chunk}, rangeConstraint: CONTIGUOUS}}
    script:
      actions:
        onRun:
          command: "{{{{RawParam.Program}}}}"
          args: {chunk_args}
          cancelation: {{mode: NOTIFY_THEN_TERMINATE, notifyPeriodInSeconds: 30}}
  - name: Join
    dependencies: [{{dependsOn: Render}}]
    script:
      actions:
        onRun:
          command: "{{{{RawParam.Program}}}}"
          args: {join_args}
          cancelation: {{mode: NOTIFY_THEN_TERMINATE, notifyPeriodInSeconds: 30}}
"#,
        name = json!(name),
        program = json!(program),
        timeline = json!(timeline),
        folder = json!(folder),
        film = json!(film),
        frames = json!(frames),
        chunk_args = json!(chunk_args),
        join_args = json!(join_args),
    )
}
