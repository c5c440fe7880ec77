//! The nearest known name to a mistyped one.

/// The candidate with the fewest edits, if that is few enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed || (name.len() >= 4 && candidate.contains(name.as_str())))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words; a swap of neighbours counts as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            row[j + 1] = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            let is_swap = i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y;
            if is_swap {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: Option<&str>) {
        assert_eq!(nearest(name, ["threads", "processes", "https-port", "port", "max-requests"]), expect, "{name}");
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        check("thread", Some("threads"));
        check("treads", Some("threads"));
        check("htpts-port", Some("https-port"));
        check("prot", Some("port"));
        check("requests", Some("max-requests"));
        check("zzz", None);
        check("", None);
    }
}
