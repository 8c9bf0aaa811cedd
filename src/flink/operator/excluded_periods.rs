//! Periods in which the autoscaler does not scale: times of the day, Quartz expressions, or both.
//!
//! Quartz expressions are checked only roughly; Quartz itself is stricter.

/// The fields of a Quartz expression with their minimum and maximum; the year is optional.
const FIELDS: [(u32, u32); 7] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199)];

/// Whether a text is a valid period.
pub fn is_period(text: &str) -> bool {
    match text.split_once("&&") {
        Some((first, second)) => {
            let (first, second) = (first.trim(), second.trim());
            (is_daily(first) && is_cron(second)) || (is_cron(first) && is_daily(second))
        }
        None => is_daily(text) || is_cron(text),
    }
}

/// `9:30-11:00`, each time with optional seconds and milliseconds, the earlier one first.
fn is_daily(text: &str) -> bool {
    let mut times = text.split('-').map(time);
    matches!((times.next(), times.next(), times.next()), (Some(Some(start)), Some(Some(end)), None) if start < end)
}

fn time(text: &str) -> Option<[u32; 4]> {
    let mut fields = [0; 4];
    let mut count = 0;
    for (index, token) in text.split(':').enumerate() {
        let most = *[23, 59, 59, 999].get(index)?;
        *fields.get_mut(index)? = token.parse::<u32>().ok().filter(|number| *number <= most)?;
        count = index + 1;
    }
    (count >= 2).then_some(fields)
}

fn is_cron(text: &str) -> bool {
    let fields = || text.split_whitespace();
    let days = fields().nth(3).zip(fields().nth(5));
    // Quartz requires a `?` in one of the two day fields.
    (6..=7).contains(&fields().count())
        && days.is_some_and(|(month, week)| (month == "?") != (week == "?"))
        && fields()
            .zip(FIELDS)
            .all(|(field, range)| field.split(',').all(|item| is_cron_item(item, range)))
}

fn is_cron_item(item: &str, (least, most): (u32, u32)) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"*?/-#".contains(&byte);
    let in_range = |number: &str| {
        number.is_empty()
            || number.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number))
    };
    // Only Quartz checks names of months and days, and `L`, `W` and `#`.
    let plain = item.bytes().all(|byte| byte.is_ascii_digit() || b"*?/-".contains(&byte));
    let value = item.split('/').next().unwrap_or_default();
    !item.is_empty()
        && item.bytes().all(known)
        && (!plain
            || value.split('-').all(|number| matches!(number, "*" | "?") || in_range(number)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::is_period;

    #[test]
    fn periods_are_daily_times_or_quartz_expressions() {
        for period in [
            "9:30-11:00",
            "09:00:00-09:00:01",
            "* * 9-11,14-16 * * ?",
            "0 0/5 14 ? JAN-MAR 2#1 2030",
            "9:30-10:30 && * * * ? * 2",
            "* * * ? * MON-FRI && 0:00-6:00",
            "* * * L * ?",
        ] {
            assert!(is_period(period), "{period}");
        }
        for period in [
            "",
            "9:30",
            "11:00-9:30",
            "9-10",
            "24:00-25:00",
            "9:30 - 11:00",
            "* * * * *",
            "* * * * * *",
            "* * 25 * * ?",
            "a:b-c:d",
            "9:30-10:30 && 11:00-12:00",
            "9:30-10:30 && * * * ? * 2 && * * * ? * 3",
            "* * $ * * ?",
            "* * , * * ?",
        ] {
            assert!(!is_period(period), "{period}");
        }
    }
}
