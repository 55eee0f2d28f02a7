//! The arguments of the programs behind `ci/NAME`: words and options, some of which have a value.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::vec;

use crate::console::Stop;

/// Words, one after the other.
pub struct Arguments(vec::IntoIter<String>);

impl Arguments {
    pub fn new(words: Vec<String>) -> Arguments {
        Arguments(words.into_iter())
    }

    /// The value of the option that came last.
    pub fn value(&mut self, option: &str) -> Result<String, Stop> {
        let value = self.0.next();
        value.ok_or_else(|| Stop::misused(format!("{option} wants a value")))
    }

    /// As `value`, of an option that wants a number.
    pub fn number<T>(&mut self, option: &str, range: RangeInclusive<T>) -> Result<T, Stop>
    where
        T: FromStr + PartialOrd + Display,
    {
        one_number(option, &self.value(option)?, &range)
    }

    /// As `number`, of an option that wants one or more of them, with commas between.
    pub fn numbers<T>(&mut self, option: &str, range: RangeInclusive<T>) -> Result<Vec<T>, Stop>
    where
        T: FromStr + PartialOrd + Display,
    {
        let text = self.value(option)?;
        let each = text.split(',').map(|one| one_number(option, one, &range));
        each.collect()
    }
}

impl Iterator for Arguments {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.0.next()
    }
}

fn one_number<T>(option: &str, text: &str, range: &RangeInclusive<T>) -> Result<T, Stop>
where
    T: FromStr + PartialOrd + Display,
{
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(Stop::misused(format!(
            "{option} wants a number from {} to {}, not '{text}'",
            range.start(),
            range.end()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::new(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn options_have_values_and_numbers_have_limits() {
        let mut all = arguments("--file a --jobs 2 --jobs 0 --jobs x --jobs");
        assert_eq!(all.next().as_deref(), Some("--file"));
        assert_eq!(all.value("--file").expect("a value"), "a");
        let mut jobs = || {
            let option = all.next()?;
            Some(all.number(&option, 1..=9).ok())
        };
        assert_eq!(jobs(), Some(Some(2)));
        assert_eq!(jobs(), Some(None), "too small");
        assert_eq!(jobs(), Some(None), "no number");
        assert_eq!(jobs(), Some(None), "nothing");
        assert_eq!(jobs(), None);
        let mut all = arguments("1,3 1,,3");
        assert_eq!(all.numbers("--n", 1..=9).expect("numbers"), [1, 3]);
        assert!(all.numbers("--n", 1..=9).is_err());
    }
}
