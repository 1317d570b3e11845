//! Times and frame rates as people write them.

use super::tempo::{Clock, Tempo};
#[cfg(test)]
mod tests;

/// The longest time that is understood: 10 digits before the point, far beyond any timeline.
const MOST_DIGITS: usize = 10;
/// The highest frame rate, frames per second.
pub const MAX_FPS: u32 = 1000;

/// A time as written: a length from the start of the timeline, or from its end where a minus stands
/// before it; perhaps another length later or earlier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Time {
    from_end: bool,
    length: Length,
    /// Whether it is earlier, and by how much.
    offset: Option<(bool, Length)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Length {
    Frames(f64),
    /// `count / per_second` seconds.
    Seconds {
        count: i128,
        per_second: i128,
    },
    /// Whole seconds and frames at the nominal (rounded) rate, without dropped frames.
    Timecode {
        seconds: u64,
        frames: u64,
    },
    Beats(f64),
    /// Both from 1.
    Bar {
        bar: u32,
        beat: f64,
    },
}

impl Time {
    /// The first frame.
    pub const START: Self = Self { from_end: false, length: Length::Frames(0.0), offset: None };

    /// A number of frames; negative from the end.
    pub fn from_frames(frames: f64) -> Result<Self, String> {
        if frames.abs() < 10f64.powi(MOST_DIGITS as i32) {
            let length = Length::Frames(frames.abs());
            Ok(Self { from_end: frames < 0.0, length, offset: None })
        } else {
            Err(format!("a time of {frames} frames is out of range"))
        }
    }

    /// Reads `36f`, `1.5s`, `250ms`, `4b`, bar and beat `3:2` or timecode `hh:mm:ss:ff`, each perhaps
    /// after a minus, and perhaps with a length added or taken away (`4b-250ms`).
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::parse_with(text, |_| None)
    }

    /// The same, where names stand for times.
    pub fn parse_with(text: &str, marker: impl Fn(&str) -> Option<Self>) -> Result<Self, String> {
        let trimmed = text.trim();
        let (from_end, rest) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (base, offset) = match rest.find(['+', '-']) {
            Some(at) => {
                (&rest[..at], Some((rest[at..].starts_with('-'), rest[at + 1..].trim_start())))
            }
            None => (rest, None),
        };
        let base = base.trim_end();
        let wrong = || {
            format!(
                "`{text}` is not a time: expected frames such as 36 or \"36f\", seconds such as \"1.5s\" or \
                 \"1500ms\", timecode such as \"00:00:01:12\", or beats such as \"4b\" or \"3:2\""
            )
        };
        let offset = match offset {
            Some((earlier, length)) => Some((earlier, with_unit(length).ok_or_else(wrong)?)),
            None => None,
        };
        if !from_end && base.starts_with(|c: char| c == '_' || c.is_alphabetic()) {
            let time = marker(base).ok_or_else(|| format!("there is no marker `{base}`"))?;
            return Ok(Self { offset, ..time });
        }
        let length = match base.matches([':', ';']).count() {
            0 => with_unit(base),
            1 if !base.contains(';') => bar(base).filter(|_| !from_end),
            _ => timecode(base)?,
        };
        let length = length.ok_or_else(wrong)?;
        Ok(Self { from_end, length, offset })
    }

    /// Whether it counts from the end.
    pub fn counts_from_end(&self) -> bool {
        self.from_end
    }

    /// How long it is in frames, wherever it counts from; beats from the first one on.
    pub fn length(&self, clock: &Clock) -> Result<f64, String> {
        match (self.offset, self.length) {
            (None, Length::Beats(beats)) => {
                let tempo = tempo(clock)?;
                Ok(clock.frame(tempo.second(beats) - tempo.second(0.0)))
            }
            (None, Length::Bar { .. }) | (Some(_), _) => {
                Err("this is a place in time: expected a length such as \"4b\" or \"2s\"".into())
            }
            (None, length) => length.frames(clock),
        }
    }

    /// The place of the `n`th repetition of a length, in frames: those of beats follow the tempo.
    pub fn repeated(&self, n: f64, clock: &Clock) -> Result<f64, String> {
        match (self.offset, self.length) {
            (None, Length::Beats(beats)) => Ok(clock.frame(tempo(clock)?.second(n * beats))),
            _ => self.length(clock).map(|length| n * length),
        }
    }

    /// The beat it names, where it is written in nothing but beats and bars from the start.
    pub fn beat(&self, clock: &Clock) -> Option<f64> {
        let base = match self.length {
            Length::Beats(beats) if !self.from_end => beats,
            Length::Bar { bar, beat } => {
                clock.tempo.as_ref()?.bar_start(f64::from(bar - 1)) + beat - 1.0
            }
            _ => return None,
        };
        match self.offset {
            None => Some(base),
            Some((true, Length::Beats(beats))) => Some(base - beats),
            Some((false, Length::Beats(beats))) => Some(base + beats),
            Some(_) => None,
        }
    }

    /// Whether it depends on where the beats lie.
    pub fn needs_tempo(&self) -> bool {
        let musical = |length: Length| matches!(length, Length::Beats(_) | Length::Bar { .. });
        musical(self.length) || self.offset.is_some_and(|(_, by)| musical(by))
    }

    /// The frame it names on a timeline that ends at frame `end`.
    pub fn frame(&self, clock: &Clock, end: f64) -> Result<f64, String> {
        let base = match self.length {
            length if self.from_end => moved(clock, end, true, length)?,
            Length::Beats(beats) => clock.frame(tempo(clock)?.second(beats)),
            Length::Bar { bar, beat } => {
                let tempo = tempo(clock)?;
                let (start, next) =
                    (tempo.bar_start(f64::from(bar - 1)), tempo.bar_start(f64::from(bar)));
                if beat - 1.0 >= next - start {
                    return Err(format!(
                        "bar {bar} has {} beats, from 1, and no beat {beat}",
                        next - start
                    ));
                }
                clock.frame(tempo.second(start + beat - 1.0))
            }
            length => length.frames(clock)?,
        };
        match self.offset {
            Some((earlier, length)) => moved(clock, base, earlier, length),
            None => Ok(base),
        }
    }
}

/// A length later or earlier than a frame.
fn moved(clock: &Clock, from: f64, earlier: bool, by: Length) -> Result<f64, String> {
    let sign = if earlier { -1.0 } else { 1.0 };
    if let Length::Beats(beats) = by {
        let tempo = tempo(clock)?;
        let beat = tempo.beat(clock.second(from)) + sign * beats;
        return Ok(clock.frame(tempo.second(beat)));
    }
    Ok(from + sign * by.frames(clock)?)
}

fn tempo(clock: &Clock) -> Result<&Tempo, String> {
    let missing = "a time in beats or bars needs a tempo: add `music: (bpm: 120)`";
    clock.tempo.as_ref().ok_or_else(|| missing.into())
}

impl Length {
    /// What does not depend on the place, in frames.
    fn frames(self, clock: &Clock) -> Result<f64, String> {
        let fps = clock.rate;
        match self {
            Self::Frames(frames) => Ok(frames),
            Self::Seconds { count, per_second } => {
                // Whole frames and the rest apart, so that whole frames come out exact.
                let (above, below) = (count * i128::from(fps.0), per_second * i128::from(fps.1));
                Ok((above / below) as f64 + (above % below) as f64 / below as f64)
            }
            Self::Timecode { seconds, frames } => {
                let nominal = (u64::from(fps.0) + u64::from(fps.1) / 2) / u64::from(fps.1);
                if frames < nominal.max(1) {
                    Ok((seconds * nominal + frames) as f64)
                } else {
                    Err(format!(
                        "frame {frames} of a timecode is out of range: a second has {nominal} frames, from 0"
                    ))
                }
            }
            Self::Beats(_) | Self::Bar { .. } => {
                Err("a bar is a place from the start, not a length".into())
            }
        }
    }
}

fn with_unit(text: &str) -> Option<Length> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(number_end);
    let (count, per_unit) = decimal(number)?;
    match unit.trim_start() {
        "s" => Some(Length::Seconds { count, per_second: per_unit }),
        "ms" => Some(Length::Seconds { count, per_second: per_unit * 1000 }),
        "f" => Some(Length::Frames(number.parse().ok()?)),
        "b" => Some(Length::Beats(count as f64 / per_unit as f64)),
        _ => None,
    }
}

/// Digits with at most one point, as a fraction.
fn decimal(text: &str) -> Option<(i128, i128)> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}");
    let sound = !part.contains('.') && whole.len() <= MOST_DIGITS && part.len() <= MOST_DIGITS;
    if !sound {
        return None;
    }
    Some((digits.parse().ok()?, 10i128.pow(part.len() as u32)))
}

/// Bar and beat, both from 1.
fn bar(text: &str) -> Option<Length> {
    let (bar, beat) = text.split_once(':')?;
    let digits = !bar.is_empty() && bar.len() <= 6 && bar.bytes().all(|b| b.is_ascii_digit());
    let plain = beat.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let (count, per) = decimal(beat).filter(|_| digits && plain)?;
    let (bar, beat) = (bar.parse().ok()?, count as f64 / per as f64);
    (bar >= 1 && beat >= 1.0).then_some(Length::Bar { bar, beat })
}

fn timecode(text: &str) -> Result<Option<Length>, String> {
    if text.contains(';') {
        return Err(format!(
            "`{text}` is drop-frame timecode, which is not understood: write `:` and count every frame"
        ));
    }
    let number = |field: &str| {
        field.parse::<u64>().ok().filter(|_| field.len() <= 4 && !field.starts_with('+'))
    };
    let fields: Option<Vec<u64>> = text.split(':').map(number).collect();
    match fields.as_deref() {
        Some(&[h, m, s, frames]) if m < 60 && s < 60 => {
            Ok(Some(Length::Timecode { seconds: (h * 60 + m) * 60 + s, frames }))
        }
        Some(&[_, m, s, _]) => Err(format!(
            "`{text}` is not a timecode: minutes and seconds are below 60, here they are {m} and {s}"
        )),
        _ => Ok(None),
    }
}

/// A frame rate from a number. Within 0.005 of 24, 30, 48, 60 or 120 times 1000/1001 it is that
/// (NTSC) rate, otherwise it is kept to a thousandth.
pub fn rate(fps: f64) -> Result<(u32, u32), String> {
    let ntsc = |nominal: &u32| (fps - f64::from(*nominal) / 1.001).abs() < 0.005;
    if let Some(nominal) = [24, 30, 48, 60, 120].iter().find(|nominal| ntsc(nominal)) {
        return Ok((nominal * 1000, 1001));
    }
    let thousandths = (fps * 1000.0).round();
    if (1.0..=f64::from(MAX_FPS) * 1000.0).contains(&thousandths) {
        Ok(reduced(thousandths as u32, 1000))
    } else {
        Err(format!(
            "a frame rate of {fps} is out of range: expected above 0 and at most {MAX_FPS}"
        ))
    }
}

/// A frame rate from a text: a fraction such as `30000/1001`, or a number.
pub fn rate_from_text(text: &str) -> Result<(u32, u32), String> {
    let wrong = || {
        format!(
            "`{text}` is not a frame rate: expected a number such as 24 or a fraction such as \"30000/1001\""
        )
    };
    match text.split_once('/') {
        None => rate(text.trim().parse().map_err(|_| wrong())?),
        Some((above, below)) => match (above.trim().parse::<u32>(), below.trim().parse::<u32>()) {
            (Ok(a), Ok(b))
                if a > 0 && b > 0 && u64::from(a) <= u64::from(MAX_FPS) * u64::from(b) =>
            {
                Ok(reduced(a, b))
            }
            (Ok(_), Ok(_)) => Err(format!(
                "a frame rate of {text} is out of range: expected above 0 and at most {MAX_FPS}"
            )),
            _ => Err(wrong()),
        },
    }
}

fn reduced(a: u32, b: u32) -> (u32, u32) {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x, b / x)
}
