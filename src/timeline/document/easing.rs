//! Easings as written.

use super::super::easing::{Direction, Easing, Family};
use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, inner};
use super::form::{By, Form, Whole};
use super::shape::Shape;

const FAMILIES: [(&str, Family); 7] = [
    ("sine", Family::Sine),
    ("quad", Family::Quad),
    ("cubic", Family::Cubic),
    ("expo", Family::Expo),
    ("back", Family::Back),
    ("elastic", Family::Elastic),
    ("bounce", Family::Bounce),
];
const DIRECTIONS: [(&str, Direction); 3] =
    [("in", Direction::In), ("out", Direction::Out), ("in_out", Direction::InOut)];
/// CSS's names (CSS Easing Functions Level 1, section 2.2).
const CSS: [(&str, [f64; 4]); 4] = [
    ("ease", [0.25, 0.1, 0.25, 1.0]),
    ("ease_in", [0.42, 0.0, 1.0, 1.0]),
    ("ease_out", [0.0, 0.0, 0.58, 1.0]),
    ("ease_in_out", [0.42, 0.0, 0.58, 1.0]),
];
/// What has numbers, and how it is written.
const CALLS: [(&str, &str); 3] = [
    ("bezier", "bezier(x1, y1, x2, y2)"),
    ("steps", "steps(n)"),
    ("spring", "spring(swings, damping)"),
];
const STEPS: Whole = Whole("a number of steps", 1, 1_000_000);
const MOST_SWINGS: f64 = 1000.0;

pub(super) const EASING: By<Easing> = By(Decoder::easing, || {
    let words = words();
    let words = Shape::words(words.iter().map(|(word, _)| word.as_str()));
    let calls = CALLS.iter().map(|&(name, written)| Shape::Call(name, written));
    Shape::named("easing", Shape::Any([words].into_iter().chain(calls).collect()))
});

impl Decoder {
    /// `linear`, `in_out_sine`, `bezier(x1, y1, x2, y2)`, `steps(n)` and the like.
    pub fn easing(&mut self, node: &Node) -> Option<Easing> {
        match &inner(node).value {
            Value::Tuple(Some(name), items) if name.text == "bezier" => self.bezier(node, items),
            Value::Tuple(Some(name), items) if name.text == "spring" => self.spring(node, items),
            Value::Tuple(Some(name), items) if name.text == "steps" => match items.as_slice() {
                [count] => STEPS.read(self, count).map(Easing::Steps),
                _ => self.expected("`steps(n)` with one number", node),
            },
            Value::Word(_) | Value::String(_) => {
                let names = words();
                let options: Vec<(&str, Easing)> = names.iter().map(|(name, easing)| (name.as_str(), *easing)).collect();
                self.easing_word(node, &options)
            }
            _ => self.expected("an easing such as `linear`, `in_out_sine`, `bezier(0.25, 0.1, 0.25, 1.0)`, `steps(4)` or `spring(2, 0.3)`", node),
        }
    }

    /// There are too many words to list them all in a message.
    fn easing_word(&mut self, node: &Node, options: &[(&str, Easing)]) -> Option<Easing> {
        let known = |word: &String| options.iter().any(|(name, _)| name == word);
        match &inner(node).value {
            Value::Word(word) | Value::String(word) if !known(word) => {
                let calls = CALLS.iter().map(|(name, _)| *name);
                let near = crate::report::nearest(
                    word,
                    options.iter().map(|(name, _)| *name).chain(calls),
                );
                let call = |near| CALLS.iter().find(|(name, _)| *name == near);
                let help = match near {
                    Some(near) if let Some((_, written)) = call(near) => format!("write `{written}`"),
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "there are hold, linear, in_F, out_F and in_out_F with F one of sine, quad, cubic, expo, \
                             back, elastic, bounce, and bezier(x1, y1, x2, y2), steps(n), spring(swings, damping)"
                        .into(),
                };
                self.report.error(node.span.clone(), format!("unknown easing `{word}`")).help(help);
                None
            }
            _ => self.choice(node, options),
        }
    }

    fn spring(&mut self, node: &Node, items: &[Node]) -> Option<Easing> {
        let [swings, damping] = items else {
            return self.expected("`spring(swings, damping)` with two numbers", node);
        };
        let (count, ratio) = (self.plain_number(swings), self.plain_number(damping));
        let (count, ratio) = (count?, ratio?);
        for (node, value, what, most) in
            [(swings, count, "swings", MOST_SWINGS), (damping, ratio, "damping", 1.0)]
        {
            if !(value > 0.0 && value < most) {
                let message =
                    format!("a spring's {what} is {value}: expected above 0 and below {most}");
                self.report.error(node.span.clone(), message);
                return None;
            }
        }
        Some(Easing::Spring(count, ratio))
    }

    fn bezier(&mut self, node: &Node, items: &[Node]) -> Option<Easing> {
        let numbers: Option<Vec<f64>> = items.iter().map(|item| self.plain_number(item)).collect();
        let Ok(points) = <[f64; 4]>::try_from(numbers?) else {
            return self.expected("`bezier(x1, y1, x2, y2)` with four numbers", node);
        };
        let mut sound = true;
        for i in [0, 2] {
            if !(0.0..=1.0).contains(&points[i]) {
                let message = format!(
                    "x{} of a Bezier easing is {}: expected 0 to 1, as time does not run back",
                    i / 2 + 1,
                    points[i]
                );
                self.report.error(items[i].span.clone(), message);
                sound = false;
            }
        }
        sound.then_some(Easing::Bezier(points))
    }
}

fn words() -> Vec<(String, Easing)> {
    let plain = [("hold".to_string(), Easing::Hold), ("linear".to_string(), Easing::Linear)];
    let families = DIRECTIONS.iter().flat_map(|(way, direction)| {
        FAMILIES.iter().map(move |(name, family)| {
            (format!("{way}_{name}"), Easing::Family(*family, *direction))
        })
    });
    let css = CSS.iter().map(|(name, points)| (name.to_string(), Easing::Bezier(*points)));
    plain.into_iter().chain(families).chain(css).collect()
}
