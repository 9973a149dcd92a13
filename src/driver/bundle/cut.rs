//! What is cut or left out of a bundle that would be too large: the largest logs first, from their beginning; then whole files that
//! were kept, the largest first. What is on record is never cut.

/// How a file takes being too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It is on record: never.
    Core,
    /// Whole, or not at all.
    Whole,
    /// Its beginning may be cut off.
    Log,
}

/// How many bytes of each file are taken; none: it is left out.
///
/// # Errors
/// When what is on record alone is larger than `most`.
pub(super) fn taken(files: &[(Class, u64)], most: u64) -> Result<Vec<Option<u64>>, String> {
    let of = |class| files.iter().filter(|(c, _)| *c == class).map(|(_, n)| *n).sum::<u64>();
    let (core, mut whole) = (of(Class::Core), of(Class::Whole));
    if core > most {
        return Err(format!(
            "what is on record alone has {core} bytes, more than the {most} that are allowed"
        ));
    }
    let mut out: Vec<Option<u64>> = files.iter().map(|(_, n)| Some(*n)).collect();
    let mut by_size: Vec<usize> = (0..files.len()).filter(|i| files[*i].0 == Class::Whole).collect();
    by_size.sort_by_key(|i| std::cmp::Reverse(files[*i].1));
    for i in by_size {
        if core + whole <= most {
            break;
        }
        whole -= files[i].1;
        out[i] = None;
    }
    // The level to which the largest logs are cut down, so that all fit.
    let mut left = most - core - whole;
    let mut logs: Vec<usize> = (0..files.len()).filter(|i| files[*i].0 == Class::Log).collect();
    logs.sort_by_key(|i| files[*i].1);
    let mut waiting = logs.len() as u64;
    for i in logs {
        let take = files[i].1.min(left / waiting.max(1));
        out[i] = (take > 0 || files[i].1 == 0).then_some(take);
        left -= take;
        waiting -= 1;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Class::{Core, Log, Whole};

    #[test]
    fn what_fits_is_taken_whole() {
        let files = [(Core, 10), (Log, 50), (Whole, 40), (Log, 0)];
        assert_eq!(taken(&files, 100).unwrap(), [Some(10), Some(50), Some(40), Some(0)]);
    }

    #[test]
    fn the_largest_logs_are_cut_first_and_small_ones_stay_whole() {
        let files = [(Core, 10), (Log, 500), (Log, 20), (Log, 300), (Whole, 30)];
        assert_eq!(taken(&files, 160).unwrap(), [Some(10), Some(50), Some(20), Some(50), Some(30)]);
    }

    #[test]
    fn then_whole_files_are_left_out_and_never_what_is_on_record() {
        let files = [(Core, 10), (Log, 500), (Whole, 30), (Whole, 80)];
        assert_eq!(taken(&files, 60).unwrap(), [Some(10), Some(20), Some(30), None]);
        assert_eq!(taken(&files, 40).unwrap(), [Some(10), None, Some(30), None]);
        assert!(taken(&files, 9).unwrap_err().contains("10 bytes"));
    }
}
