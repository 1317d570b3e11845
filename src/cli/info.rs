//! `sg3render info`.

use serde_json::{Value, json};
use sg3render::Result;
use sg3render::network::Config;
use sg3render::network::layers::LayerSpec;
use sg3render::render::Network;
use sg3render::timeline::Model;
use sg3render::weights::NetworkFile;

use super::args::InfoArgs;
use super::terminal::say;

/// Shows what a network is made of.
pub fn run(args: &InfoArgs) -> Result<()> {
    let model = Model::named(&args.network_file);
    let (network, config) = Network::open_part(&model, args.network)?;
    let origin = match &network {
        Network::Made(_) => json!({"format": "built-in"}),
        Network::File(file) => origin(file)?,
    };
    if args.json {
        say(&format!("{:#}", as_json(&config, &origin)))
    } else {
        say(&as_text(&config, &origin).join("\n"))
    }
}

fn origin(file: &NetworkFile) -> Result<Value> {
    let facts = file.facts();
    let mut origin = json!({
        "format": facts.format.name(),
        "sha256": file.sha256()?,
        "network": facts.part.name(),
        "networks": facts.parts.iter().map(|part| part.name()).collect::<Vec<_>>(),
    });
    if let Some(source) = &facts.origin {
        origin["source"] = json!({"name": source.name, "sha256": source.sha256});
    }
    Ok(origin)
}

fn as_json(config: &Config, origin: &Value) -> Value {
    let ((z_dim, classes, w_dim), (resolution, channels)) = (config.dims(), config.image());
    let layers = match config {
        Config::StyleGan3(c) => json!({"input": c.input(), "layers": c.layers()}),
        Config::StyleGan2(c) => json!({"blocks": c.blocks()}),
    };
    json!({
        "kind": config.kind(), "name": config.name(), "resolution": resolution, "channels": channels,
        "z_dim": z_dim, "w_dim": w_dim, "classes": classes, "num_ws": config.num_ws(),
        "parameters": config.parameters(), "config": config, "table": layers, "file": origin,
    })
}

fn colours(channels: usize) -> &'static str {
    match channels {
        1 => "grey",
        4 => "RGB and alpha",
        _ => "RGB",
    }
}

/// What people read, line by line.
fn as_text(config: &Config, origin: &Value) -> Vec<String> {
    let ((z_dim, classes, w_dim), (resolution, channels)) = (config.dims(), config.image());
    let mut lines = Vec::new();
    let mut row = |name: &str, value: String| lines.push(format!("{name:<12} {value}"));
    row("network", config.name());
    for (label, key) in [("format", "format"), ("sha256", "sha256")] {
        if let Some(value) = origin[key].as_str() {
            row(label, value.into());
        }
    }
    if let Some(source) = origin["source"].as_object() {
        let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or("unknown");
        row("made from", format!("{} (sha256 {})", text("name"), text("sha256")));
    }
    row("image", format!("{resolution}x{resolution}, {}", colours(channels)));
    row("latents", format!("z {z_dim}, w {w_dim}, {} copies", config.num_ws()));
    row("classes", if classes == 0 { "none".into() } else { classes.to_string() });
    row("parameters", config.parameters().to_string());
    lines.push(String::new());
    match config {
        Config::StyleGan3(c) => {
            let input = c.input();
            lines.push(
                "layer          channels      size     rate  cutoff  half-width  up down  filters  half precision"
                    .into(),
            );
            lines.push(format!(
                "{:<13} {:>9} {:>9} {:>8} {:>7.2}",
                "input", input.channels, input.size, input.sampling_rate, input.bandwidth
            ));
            lines.extend(c.layers().iter().map(layer_as_text));
        }
        Config::StyleGan2(c) => {
            lines.push("block   channels    size  first w  half precision".into());
            for block in c.blocks() {
                lines.push(format!(
                    "{:<7} {:>8} {:>7} {:>8}  {}",
                    block.name,
                    block.out_channels,
                    block.resolution,
                    block.first_ws,
                    if block.use_fp16 { "yes" } else { "no" }
                ));
            }
        }
    }
    lines
}

fn layer_as_text(layer: &LayerSpec) -> String {
    let filters = match (layer.up_taps > 1, layer.down_taps > 1, layer.down_radial) {
        (false, false, _) => "none",
        (_, true, true) => "radial",
        _ => "separable",
    };
    format!(
        "{:<13} {:>9} {:>9} {:>8} {:>7.2} {:>11.2} {:>3} {:>4}  {:<9} {}",
        layer.name,
        format!("{}>{}", layer.in_channels, layer.out_channels),
        format!("{}>{}", layer.in_size, layer.out_size),
        layer.out_sampling_rate,
        layer.out_cutoff,
        layer.out_half_width,
        layer.up_factor,
        layer.down_factor,
        filters,
        if layer.use_fp16 { "yes" } else { "no" }
    )
}
