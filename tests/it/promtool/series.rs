//! Samples as services make them: irregular stamps, counters that reset, gaps, NaN, negatives, constants, few.

use super::dice::Dice;

/// Wall milliseconds of the first sample: half an hour before two blocks of Prometheus meet.
pub const BEGIN: i64 = 1_699_999_200_000 - 30 * 60_000;
/// Milliseconds that are generated.
pub const LENGTH: i64 = 50 * 60_000;

/// Samples of one series: wall milliseconds (multiples of 125) and value.
pub type Samples = Vec<(i64, f64)>;

/// When it is sampled: irregular, now and then with a gap.
fn stamps(dice: &mut Dice) -> Vec<i64> {
    let every = *dice.of(&[3_000.0, 7_500.0, 15_000.0, 30_000.0]);
    let gaps = *dice.of(&[0, 0, 40, 12]);
    let few = dice.once_in(12).then(|| 1 + dice.below(4));
    let mut out = Vec::new();
    let mut at = dice.between(0.0, 400_000.0);
    while at < LENGTH as f64 && few.is_none_or(|n| out.len() < n) {
        let exact = BEGIN + (at / 125.0) as i64 * 125;
        if out.last() != Some(&exact) {
            out.push(exact);
        }
        at += every * dice.between(0.6, 1.5);
        if gaps > 0 && dice.once_in(gaps) {
            at += dice.between(20_000.0, 400_000.0);
        }
    }
    out
}

/// A counter: grows evenly, by leaps or not at all, and begins again now and then.
pub fn counter(dice: &mut Dice) -> Samples {
    let (kind, resets) = (dice.below(4), *dice.of(&[0, 9, 30, 100]));
    let mut value = *dice.of(&[0.0, 1.0, 3.0, 40.0, 123_456.0, 8e9]);
    let mut out = Samples::new();
    for at in stamps(dice) {
        out.push((at, value));
        value += match kind {
            0 => 1.0,
            1 => dice.below(20) as f64,
            2 => dice.between(0.0, 3.0),
            _ if dice.once_in(8) => dice.between(50.0, 500.0),
            _ => 0.0,
        };
        if resets > 0 && dice.once_in(resets) {
            value = *dice.of(&[0.0, 0.0, 2.5, 17.0]);
        }
    }
    out
}

/// A value that rises and falls: a walk, a wave, steps, noise around zero, a constant.
pub fn gauge(dice: &mut Dice) -> Samples {
    let kind = dice.below(6);
    let (middle, width) = (dice.between(-50.0, 200.0), dice.between(0.5, 80.0));
    let mut walk = middle;
    let mut out = Samples::new();
    for at in stamps(dice) {
        let value = match kind {
            0 => {
                walk += dice.between(-1.0, 1.0) * width / 10.0;
                walk
            }
            1 => middle + width * ((at - BEGIN) as f64 / 240_000.0).sin(),
            2 => {
                if dice.once_in(10) {
                    walk = dice.below(9) as f64 - 4.0;
                }
                walk
            }
            3 => dice.between(-width, width),
            4 => dice.between(0.0, 0.05),
            _ => middle,
        };
        out.push((at, value));
    }
    out
}

/// The same with NaN in places.
pub fn with_nan(samples: &Samples, dice: &mut Dice) -> Samples {
    let every = *dice.of(&[4, 15, 40]);
    let nan = |dice: &mut Dice, v: f64| if dice.once_in(every) { f64::NAN } else { v };
    samples.iter().map(|(at, v)| (*at, nan(dice, *v))).collect()
}
