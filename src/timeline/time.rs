//! Times and frame rates as people write them.

/// The longest time that is understood: 10 digits before the point, far beyond any timeline.
const MOST_DIGITS: usize = 10;
/// The highest frame rate, frames per second.
pub const MAX_FPS: u32 = 1000;

/// A time as written: a length from the start of the timeline, or from its end where a minus
/// stands before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Time {
    from_end: bool,
    length: Length,
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
}

impl Time {
    /// The first frame.
    pub const START: Self = Self { from_end: false, length: Length::Frames(0.0) };

    /// A number of frames; negative from the end.
    pub fn from_frames(frames: f64) -> Result<Self, String> {
        if frames.abs() < 10f64.powi(MOST_DIGITS as i32) {
            Ok(Self { from_end: frames < 0.0, length: Length::Frames(frames.abs()) })
        } else {
            Err(format!("a time of {frames} frames is out of range"))
        }
    }

    /// Reads `36f`, `1.5s`, `250ms` or timecode `hh:mm:ss:ff`, each perhaps after a minus.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (from_end, rest) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let length = if rest.contains([':', ';']) { timecode(rest)? } else { with_unit(rest) };
        length.map(|length| Self { from_end, length }).ok_or_else(|| {
            format!(
                "`{text}` is not a time: expected frames such as 36 or \"36f\", seconds such as \"1.5s\" or \
                 \"1500ms\", or timecode such as \"00:00:01:12\""
            )
        })
    }

    /// Whether it counts from the end.
    pub fn counts_from_end(&self) -> bool {
        self.from_end
    }

    /// How long it is in frames at `fps`, wherever it counts from.
    pub fn length(&self, fps: (u32, u32)) -> Result<f64, String> {
        match self.length {
            Length::Frames(frames) => Ok(frames),
            Length::Seconds { count, per_second } => {
                // Whole frames and the rest apart, so that whole frames come out exact.
                let (above, below) = (count * i128::from(fps.0), per_second * i128::from(fps.1));
                Ok((above / below) as f64 + (above % below) as f64 / below as f64)
            }
            Length::Timecode { seconds, frames } => {
                let nominal = (u64::from(fps.0) + u64::from(fps.1) / 2) / u64::from(fps.1);
                if frames < nominal.max(1) {
                    Ok((seconds * nominal + frames) as f64)
                } else {
                    Err(format!(
                        "frame {frames} of a timecode is out of range: a second has {nominal} frames, from 0"
                    ))
                }
            }
        }
    }

    /// The frame it names on a timeline that ends at frame `end`.
    pub fn frame(&self, fps: (u32, u32), end: f64) -> Result<f64, String> {
        let length = self.length(fps)?;
        Ok(if self.from_end { end - length } else { length })
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

#[cfg(test)]
mod tests {
    use super::*;

    const NTSC: (u32, u32) = (30000, 1001);

    fn at(text: &str, fps: (u32, u32)) -> f64 {
        Time::parse(text).unwrap().frame(fps, 1000.0).unwrap()
    }

    #[test]
    fn times_become_frames() {
        assert_eq!(at("1.5s", (24, 1)), 36.0);
        assert_eq!(at("250ms", (24, 1)), 6.0);
        assert_eq!(at("12f", (24, 1)), 12.0);
        assert_eq!(at("12.5f", NTSC), 12.5);
        assert_eq!(at("00:00:02:12", (24, 1)), 60.0);
        assert_eq!(at("01:01:01:01", (25, 1)), (3661 * 25 + 1) as f64);
        assert_eq!(at(" +2 s ", (24, 1)), 48.0);
        assert_eq!(at("-1s", (24, 1)), 976.0);
        assert_eq!(at("-0s", (24, 1)), 1000.0);
        assert_eq!(at("-00:00:01:00", (24, 1)), 976.0);
        assert_eq!(Time::from_frames(-3.0).unwrap().frame((24, 1), 10.0), Ok(7.0));
    }

    #[test]
    fn fractional_rates_are_exact() {
        // 1001 seconds are 30000 frames, and timecode counts at the nominal 30.
        assert_eq!(at("1001s", NTSC), 30000.0);
        assert_eq!(at("1.001s", NTSC), 30.0);
        assert_eq!(at("1001ms", (24000, 1001)), 24.0);
        assert_eq!(at("00:00:01:29", NTSC), 59.0);
        assert_eq!(at("9999999999s", (1000, 1)), 9_999_999_999_000.0);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "-",
            "s",
            "1",
            "1.2.3s",
            "1x",
            "1e3s",
            "--1s",
            "1:2",
            "00:00:00",
            "::::",
            "99999999999s",
            "+-1s",
            "١s",
            ".",
        ] {
            assert!(Time::parse(text).is_err(), "{text}");
        }
        assert!(Time::parse("00:00:61:00").unwrap_err().contains("below 60"));
        assert!(Time::parse("00:00:01;12").unwrap_err().contains("drop-frame"));
        assert!(
            Time::parse("00:00:00:24").unwrap().length((24, 1)).unwrap_err().contains("24 frames")
        );
        assert!([f64::NAN, f64::INFINITY, 1e11].into_iter().all(|x| Time::from_frames(x).is_err()));
    }

    #[test]
    fn rates() {
        assert_eq!(rate(24.0), Ok((24, 1)));
        assert_eq!(rate(29.97), Ok(NTSC));
        assert_eq!(rate(23.976), Ok((24000, 1001)));
        assert_eq!(rate(23.98), Ok((24000, 1001)));
        assert_eq!(rate(59.94), Ok((60000, 1001)));
        assert_eq!(rate(12.5), Ok((25, 2)));
        assert_eq!(rate_from_text("30000/1001"), Ok(NTSC));
        assert_eq!(rate_from_text(" 50 / 2 "), Ok((25, 1)));
        assert_eq!(rate_from_text("29.97"), Ok(NTSC));
        for wrong in [0.0, -1.0, 1000.1, f64::NAN, f64::INFINITY, 1e-9] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "a", "1/0", "0/1", "1001/1", "-1/2", "1/2/3", "nan"] {
            assert!(rate_from_text(wrong).is_err(), "{wrong}");
        }
    }
}
