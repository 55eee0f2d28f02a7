//! The words of both grammars, once more.

pub fn is_space(c: char) -> bool {
    " \t\n\r\x0b\x0c".contains(c)
}

pub fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

pub fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| "0123456789".contains(c))
}

/// A number of digits alone, without leading zeros.
pub fn server_id(text: &str) -> Option<String> {
    let number = text.trim_start_matches('0');
    let fits = is_number(number) && number.parse::<u32>().is_ok();
    fits.then(|| number.to_owned())
}

/// A UUID, in lower case.
pub fn uuid(text: &str) -> Option<String> {
    let fits = |(nth, c): (usize, char)| match nth {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    };
    let is_uuid = text.len() == 36 && text.chars().enumerate().all(fits);
    is_uuid.then(|| text.to_ascii_lowercase())
}

/// Whether this may be a name or a zone.
pub fn is_word(text: &str) -> bool {
    let may_occur = |c: char| ('!'..='~').contains(&c) && !",():=@\"'*".contains(c);
    let is_long = text.len() > 64;
    let is_other = is_number(text) || uuid(text).is_some();
    !text.is_empty() && !is_long && !is_other && text.chars().all(may_occur)
}
