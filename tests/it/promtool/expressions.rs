//! Expressions in the words that both sides read: one text, ours as it stands, theirs with `bool` at comparisons.

use super::dice::Dice;

/// Functions over a window of values that rise and fall.
pub const OF_GAUGES: [&str; 12] = [
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "stddev_over_time",
    "quantile_over_time",
    "delta",
    "deriv",
    "changes",
    "resets",
];
/// Functions over a window of a counter.
pub const OF_COUNTERS: [&str; 5] = ["rate", "increase", "changes", "resets", "count_over_time"];
/// Windows; no sample lies on an edge, for samples are at multiples of 125 ms and judgements are not.
pub const WINDOWS: [&str; 5] = ["20s", "1m", "2m30s", "5m", "10m"];

/// A function with its window.
pub fn window(function: &str, signal: &str, over: &str, dice: &mut Dice) -> String {
    match function {
        "quantile_over_time" => {
            let q = dice.of(&["0", "0.1", "0.5", "0.9", "0.99", "1"]);
            format!("quantile_over_time({q}, {signal}[{over}])")
        }
        name => format!("{name}({signal}[{over}])"),
    }
}

/// The text as Prometheus reads it: comparisons give 0 or 1, and numbers per second are numbers.
pub fn theirs(ours: &str) -> String {
    let mut out = ours.replace("/s", "");
    for sign in [" > ", " < ", " >= ", " <= ", " == ", " != "] {
        out = out.replace(sign, &format!("{sign}bool "));
    }
    out
}

/// Random expressions over gauges and counters of these names.
pub struct Grammar<'a> {
    pub gauges: &'a [String],
    pub counters: &'a [String],
    pub windows: &'a [&'a str],
    pub dice: &'a mut Dice,
}

impl Grammar<'_> {
    /// A number without a unit that rests on at least one signal.
    pub fn plain(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let a = self.plain(depth - 1);
        match self.dice.below(9) {
            0 => format!("{a} + {}", self.plain(depth - 1)),
            1 => format!("{a} - {}", self.plain(depth - 1)),
            2 => format!("({a}) * {}", self.literal()),
            3 => format!("{} - ({a})", self.literal()),
            4 => format!("({a}) / ({})", self.plain(depth - 1)),
            5 => format!("abs({a})"),
            6 => format!("-({a})"),
            7 => format!("{} / {}", self.speed(), self.speed()),
            _ => format!("({a} + {}) * {}", self.plain(depth - 1), self.leaf()),
        }
    }

    /// A number per second.
    pub fn speed(&mut self) -> String {
        let over = *self.dice.of(self.windows);
        match self.dice.below(3) {
            0 => format!("deriv({}[{over}])", self.dice.of(self.gauges)),
            1 => format!("rate({}[{over}]) * {}", self.dice.of(self.counters), self.literal()),
            _ => format!("rate({}[{over}])", self.dice.of(self.counters)),
        }
    }

    /// A comparison: both sides, its sign, and the whole.
    pub fn comparison(&mut self) -> (String, String) {
        let sign = *self.dice.of(&[">", "<", ">=", "<="]);
        match self.dice.below(5) {
            0 => (self.speed(), format!("{sign} {:.6}/s", self.dice.between(-0.5, 2.0))),
            1 => {
                let depth = self.dice.below(2);
                let right = self.plain(depth);
                (self.plain(1), format!("{sign} {right}"))
            }
            _ => {
                let depth = self.dice.below(3);
                (self.plain(depth), format!("{sign} {:.6}", self.dice.between(-20.0, 120.0)))
            }
        }
    }

    fn literal(&mut self) -> String {
        let value = *self.dice.of(&["2", "0.5", "100", "1.15", "3", "0.01"]);
        value.into()
    }

    fn leaf(&mut self) -> String {
        let over = *self.dice.of(self.windows);
        match self.dice.below(4) {
            0 => self.dice.of(self.gauges).clone(),
            1 => {
                let function = *self.dice.of(&["increase", "changes", "resets", "count_over_time"]);
                let signal: &String = self.dice.of(self.counters);
                window(function, signal, over, self.dice)
            }
            _ => {
                let function = *self.dice.of(&OF_GAUGES);
                let function = if function == "deriv" { "delta" } else { function };
                let signal: &String = self.dice.of(self.gauges);
                window(function, signal, over, self.dice)
            }
        }
    }
}
