//! Tempo and beats by dynamic programming (Ellis 2007, "Beat Tracking by Dynamic Programming").

/// The tempo that is as likely as can be, seconds a beat (120 a minute), and how far others may be from
/// it, octaves (section 3.2).
const USUAL: f64 = 0.5;
const OCTAVES: f64 = 0.9;
/// Tempi that are considered, seconds a beat: 30 to 300 a minute.
const PERIODS: [f64; 2] = [0.2, 2.0];
/// What an uneven beat costs against onset strength of deviation 1 (equation 2's alpha).
const TIGHTNESS: f64 = 400.0;

/// A window sees what begins before its middle comes there: clicks are found this much early, seconds.
const EARLY: f64 = 0.0097;

/// The beats of a piece.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beats {
    /// Beats a minute; none where nothing repeats.
    pub tempo: Option<f64>,
    /// Seconds, in order.
    pub times: Vec<f64>,
}

impl Beats {
    /// 1 on a beat, falling evenly to 0 at the next; 0 before the first beat, and after the time of one
    /// more behind the last.
    pub fn nearness(&self, seconds: f64) -> f64 {
        let next = self.times.partition_point(|&time| time <= seconds);
        let Some(before) = next.checked_sub(1) else { return 0.0 };
        let length = match (self.times.get(next), before.checked_sub(1)) {
            (Some(after), _) => after - self.times[before],
            (None, Some(earlier)) => self.times[before] - self.times[earlier],
            (None, None) => return 0.0,
        };
        (1.0 - (seconds - self.times[before]) / length).max(0.0)
    }
}

/// Finds the tempo, one for the whole piece, and the beats, which may be a little uneven, of an onset
/// strength of so many values a second.
pub fn beats(onset: &[f32], rate: f64) -> Beats {
    let mean = onset.iter().map(|&x| f64::from(x)).sum::<f64>() / onset.len().max(1) as f64;
    let square = onset.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>();
    let deviation = (square / onset.len().max(1) as f64).sqrt();
    if deviation.is_nan() || deviation <= 1e-6 {
        return Beats::default();
    }
    let strength: Vec<f64> = onset.iter().map(|&x| (f64::from(x) - mean) / deviation).collect();
    let Some(period) = period(&strength, rate) else { return Beats::default() };
    let times = track(&strength, period).into_iter().map(|i| refined(&strength, i) / rate + EARLY);
    let times: Vec<f64> = times.collect();
    let tempo = match times.as_slice() {
        [first, .., last] => 60.0 * (times.len() - 1) as f64 / (last - first),
        _ => 60.0 * rate / period,
    };
    Beats { tempo: Some(tempo), times }
}

/// Values a beat: the lag at which the strength is most like itself, the usual tempo preferred, and
/// those preferred whose double or triple is strong, too (section 3.2, equations 6 to 8).
fn period(strength: &[f64], rate: f64) -> Option<f64> {
    let [shortest, longest] = PERIODS.map(|seconds| (seconds * rate).round() as usize);
    let lags = 3 * longest + 2;
    if strength.len() < 2 * shortest {
        return None;
    }
    let alike = |lag: usize| -> f64 {
        let later = strength.get(lag..).unwrap_or_default();
        let sum: f64 = strength.iter().zip(later).map(|(a, b)| a * b).sum();
        let seconds = lag.max(1) as f64 / rate;
        sum * (-0.5 * ((seconds / USUAL).log2() / OCTAVES).powi(2)).exp()
    };
    let alike: Vec<f64> = (0..lags).map(alike).collect();
    let around = |lag: usize| alike[lag - 1] + alike[lag + 1];
    let double = |lag: usize| alike[lag] + 0.5 * alike[2 * lag] + 0.25 * around(2 * lag);
    let triple = |lag: usize| alike[lag] + 0.33 * (alike[3 * lag] + around(3 * lag));
    let score = |lag: usize| double(lag).max(triple(lag));
    let best = (shortest..=longest).max_by(|&a, &b| score(a).total_cmp(&score(b)))?;
    (score(best) > 0.0).then(|| best as f64 + vertex([best - 1, best, best + 1].map(|l| alike[l])))
}

/// The sequence of moments that is strong and even (section 2.1, equations 3 to 5).
fn track(strength: &[f64], period: f64) -> Vec<usize> {
    let strength = blurred(strength, period / 32.0);
    let nearest = (period / 2.0).round().max(1.0) as usize;
    let farthest = (2.0 * period).round() as usize;
    let cost: Vec<f64> =
        (0..=farthest).map(|gap| -TIGHTNESS * (gap.max(1) as f64 / period).ln().powi(2)).collect();
    let mut best: Vec<f64> = Vec::with_capacity(strength.len());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(strength.len());
    for (i, &now) in strength.iter().enumerate() {
        let gaps = nearest..=farthest.min(i);
        let candidates = gaps.map(|gap| (best[i - gap] + cost[gap], i - gap));
        let found = candidates.max_by(|a, b| a.0.total_cmp(&b.0));
        // A sequence may begin anywhere.
        let (value, from) =
            found.filter(|(value, _)| *value > 0.0).map_or((0.0, None), |(v, i)| (v, Some(i)));
        best.push(now + value);
        before.push(from);
    }
    // The best of the last beats that there can be.
    let tail = strength.len().saturating_sub(farthest.max(1));
    let last = (tail..strength.len()).max_by(|&a, &b| best[a].total_cmp(&best[b]));
    let mut beats: Vec<usize> = std::iter::successors(last, |&i| before[i]).collect();
    beats.reverse();
    // Sequences run on into silence at either end: only what is heard counts.
    let strong = beats.iter().map(|&i| strength[i].max(0.0).powi(2)).sum::<f64>();
    let least = 0.5 * (strong / beats.len().max(1) as f64).sqrt();
    let heard = |&&i: &&usize| strength[i] > least;
    let first = beats.iter().position(|i| heard(&i)).unwrap_or(0);
    let last = beats.iter().rposition(|i| heard(&i)).map_or(0, |last| last + 1);
    beats[first.min(last)..last].to_vec()
}

/// A Gaussian blur, so that beats a little off are met.
fn blurred(values: &[f64], deviation: f64) -> Vec<f64> {
    let reach = (3.0 * deviation).ceil() as i64;
    let weight = |k: i64| (-0.5 * (k as f64 / deviation).powi(2)).exp();
    let at = |i: i64| usize::try_from(i).ok().and_then(|i| values.get(i)).copied().unwrap_or(0.0);
    let blur = |i: i64| (-reach..=reach).map(|k| weight(k) * at(i + k)).sum();
    (0..values.len() as i64).map(blur).collect()
}

/// The place of the peak near a value, by the parabola through it and its neighbours.
fn refined(values: &[f64], i: usize) -> f64 {
    let near = i.saturating_sub(2)..(i + 3).min(values.len());
    let peak = near.max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(i);
    let at = |i: Option<usize>| i.and_then(|i| values.get(i)).copied().unwrap_or(f64::NEG_INFINITY);
    peak as f64 + vertex([at(peak.checked_sub(1)), values[peak], at(Some(peak + 1))])
}

/// Where the parabola through three values has its peak, from the middle, -1/2 to 1/2.
fn vertex([before, peak, after]: [f64; 3]) -> f64 {
    let offset = 0.5 * (before - after) / (before - 2.0 * peak + after);
    if offset.is_finite() { offset.clamp(-0.5, 0.5) } else { 0.0 }
}
