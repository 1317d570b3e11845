//! Musical time: beats and bars against seconds, with changes of tempo and of signature.

/// Beats a minute, at most and at least.
pub const BPM: std::ops::RangeInclusive<f64> = 1.0..=1000.0;

/// Where the beats lie. A beat is what `bpm` counts; a bar has as many as its signature's first number.
#[derive(Debug, Clone, PartialEq)]
pub struct Tempo {
    /// In order; the first one holds before its start, too.
    sections: Vec<Section>,
    /// In order; the first one begins at bar 0.
    signatures: Vec<Signature>,
}

/// A stretch in which the tempo is even, or changes evenly over time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Section {
    beat: f64,
    second: f64,
    bpm: f64,
    /// Beats a minute gained each second.
    gain: f64,
}

/// Bars from one on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Signature {
    /// From 0.
    bar: u32,
    /// At which it begins.
    beat: f64,
    beats: u32,
}

/// A place in music: a beat from 0, or a moment in seconds from the start of the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Beats from the first one.
    Beat(f64),
    /// Seconds from the timeline's start.
    Second(f64),
}

impl Tempo {
    /// Music whose first beat lies at a time in seconds, in bars of so many beats (at least 1).
    pub fn new(start: f64, bpm: f64, beats: u32) -> Self {
        Self {
            sections: vec![Section { beat: 0.0, second: start, bpm, gain: 0.0 }],
            signatures: vec![Signature { bar: 0, beat: 0.0, beats }],
        }
    }

    /// Another tempo from a place on, which must lie after the last change; with `ramp`, the tempo
    /// before moves there evenly over time. False where the place does not lie after the last change.
    pub fn change(&mut self, at: Place, bpm: f64, ramp: bool) -> bool {
        let Some(last) = self.sections.last_mut() else { return false };
        let mean = if ramp { (last.bpm + bpm) / 2.0 } else { last.bpm };
        let (beat, second) = match at {
            Place::Beat(beat) => (beat, last.second + (beat - last.beat) * 60.0 / mean),
            Place::Second(second) => (last.beat + (second - last.second) * mean / 60.0, second),
        };
        // Written so that what is no number is refused, too.
        let later = second > last.second && beat > last.beat && second.is_finite();
        if later {
            last.gain = if ramp { (bpm - last.bpm) / (second - last.second) } else { 0.0 };
            self.sections.push(Section { beat, second, bpm, gain: 0.0 });
        }
        later
    }

    /// The second of the last change of tempo, or of the first beat.
    pub fn last_change(&self) -> f64 {
        self.sections.last().map_or(0.0, |last| last.second)
    }

    /// Bars of another length from a bar (from 0) on; false where it is not after the last change.
    pub fn sign(&mut self, bar: u32, beats: u32) -> bool {
        let Some(last) = self.signatures.last().copied() else { return false };
        let later = bar > last.bar;
        if later {
            let beat = last.beat + f64::from(bar - last.bar) * f64::from(last.beats);
            self.signatures.push(Signature { bar, beat, beats });
        }
        later
    }

    /// The second at which a beat lies.
    pub fn second(&self, beat: f64) -> f64 {
        let section = self.section(|section| section.beat <= beat);
        let beats = beat - section.beat;
        if section.gain == 0.0 || beats <= 0.0 {
            return section.second + beats * 60.0 / section.bpm;
        }
        let root = (section.bpm.powi(2) + 120.0 * section.gain * beats).max(0.0).sqrt();
        section.second + 120.0 * beats / (section.bpm + root)
    }

    /// The beat at a second; below 0 before the first one.
    pub fn beat(&self, second: f64) -> f64 {
        let section = self.section(|section| section.second <= second);
        let passed = second - section.second;
        let gained = if passed > 0.0 { section.gain * passed / 2.0 } else { 0.0 };
        section.beat + (section.bpm + gained) * passed / 60.0
    }

    /// Beats a minute at a second.
    pub fn bpm(&self, second: f64) -> f64 {
        let section = self.section(|section| section.second <= second);
        section.bpm + section.gain * (second - section.second).max(0.0)
    }

    /// The beat at which a bar (from 0) begins.
    pub fn bar_start(&self, bar: f64) -> f64 {
        let after = self.signatures.partition_point(|s| f64::from(s.bar) <= bar);
        let signature = self.signatures[after.saturating_sub(1)];
        signature.beat + (bar - f64::from(signature.bar)) * f64::from(signature.beats)
    }

    /// The bar, from 0, at a beat, and how far it has come: 4.25 is a quarter through the fifth bar.
    pub fn bar(&self, beat: f64) -> f64 {
        let after = self.signatures.partition_point(|s| s.beat <= beat);
        let signature = self.signatures[after.saturating_sub(1)];
        f64::from(signature.bar) + (beat - signature.beat) / f64::from(signature.beats)
    }

    fn section(&self, before: impl Fn(&Section) -> bool) -> Section {
        self.sections[self.sections.partition_point(before).saturating_sub(1)]
    }
}

/// What turns times as written into frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    /// Frames a second.
    pub rate: (u32, u32),
    /// Where there is music.
    pub tempo: Option<Tempo>,
}

impl Clock {
    /// A clock without music.
    pub fn new(rate: (u32, u32)) -> Self {
        Self { rate, tempo: None }
    }

    /// Seconds at a time in frames.
    pub fn second(&self, frame: f64) -> f64 {
        frame * f64::from(self.rate.1) / f64::from(self.rate.0)
    }

    /// Frames at a time in seconds; whole ones come out whole.
    pub fn frame(&self, second: f64) -> f64 {
        let frame = second * f64::from(self.rate.0) / f64::from(self.rate.1);
        let whole = frame.round();
        if (frame - whole).abs() < 1e-9 * (1.0 + whole.abs()) { whole } else { frame }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_and_seconds_at_one_tempo() {
        let tempo = Tempo::new(0.5, 120.0, 4);
        assert_eq!([0.0, 1.0, 12.5, -2.0].map(|b| tempo.second(b)), [0.5, 1.0, 6.75, -0.5]);
        assert_eq!([0.5, 1.0, 6.75, -0.5].map(|s| tempo.beat(s)), [0.0, 1.0, 12.5, -2.0]);
        assert_eq!((tempo.bar(10.0), tempo.bar_start(2.5)), (2.5, 10.0));
    }

    #[test]
    fn tempo_changes_at_beats_and_seconds() {
        let mut tempo = Tempo::new(0.0, 60.0, 4);
        assert!(tempo.change(Place::Beat(4.0), 120.0, false));
        assert!(tempo.change(Place::Second(6.0), 30.0, false));
        assert_eq!([2.0, 4.0, 8.0, 9.0].map(|b| tempo.second(b)), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!([5.0, 8.0].map(|s| (tempo.beat(s), tempo.bpm(s))), [(6.0, 120.0), (9.0, 30.0)]);
        for late in [
            Place::Beat(8.0),
            Place::Second(5.0),
            Place::Beat(f64::NAN),
            Place::Beat(f64::INFINITY),
        ] {
            assert!(!tempo.change(late, 100.0, true), "{late:?}");
        }
    }

    /// The sum of small steps: the obvious way through a ramp.
    #[test]
    fn ramps_are_the_integral_and_back() {
        for (from, to) in [(60.0, 180.0), (150.0, 40.0), (90.0, 90.0)] {
            for at in [Place::Beat(16.0), Place::Second(10.0)] {
                let mut tempo = Tempo::new(1.0, from, 4);
                assert!(tempo.change(at, to, true));
                let (mut beats, steps) = (0.0, 200_000);
                for i in 0..steps {
                    beats += tempo.bpm(1.0 + 20.0 * (f64::from(i) + 0.5) / f64::from(steps)) / 60.0
                        * 20.0
                        / f64::from(steps);
                }
                assert!((tempo.beat(21.0) - beats).abs() < 1e-3, "{from} {to} {at:?}");
                for i in -20..200 {
                    let beat = f64::from(i) * 0.37;
                    assert!(
                        (tempo.beat(tempo.second(beat)) - beat).abs() < 1e-9,
                        "{from} {to} {beat}"
                    );
                }
            }
        }
    }

    #[test]
    fn signatures_move_the_bars() {
        let mut tempo = Tempo::new(0.0, 60.0, 4);
        assert!(tempo.sign(2, 3) && tempo.sign(4, 5) && !tempo.sign(4, 4));
        let starts = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(|bar| tempo.bar_start(bar));
        assert_eq!(starts, [0.0, 4.0, 8.0, 11.0, 14.0, 19.0]);
        for (bar, start) in starts.iter().enumerate() {
            assert_eq!(tempo.bar(*start), bar as f64);
        }
        assert_eq!(tempo.bar(-4.0), -1.0);
    }

    #[test]
    fn whole_frames_come_out_whole() {
        for rate in [(24, 1), (30000, 1001), (1000, 1)] {
            let clock = Clock::new(rate);
            for frame in [0.0, 1.0, 7.0, 12345.0, 9_999_999.0] {
                assert_eq!(clock.frame(clock.second(frame)), frame);
            }
        }
        assert_eq!(Clock::new((24, 1)).frame(0.51), 12.24);
    }
}
