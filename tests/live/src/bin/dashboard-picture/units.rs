//! Numbers as Grafana shows them, in the units that the dashboard has.

/// A value with its unit: `1.5 s`, `20 KiB`, `34`.
pub fn show(value: f64, unit: &str) -> String {
    match unit {
        "s" => scaled(
            value,
            &[
                (3600.0, "h"),
                (60.0, "min"),
                (1.0, "s"),
                (1e-3, "ms"),
                (1e-6, "µs"),
            ],
        ),
        "bytes" => scaled(value, &[(1_048_576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")]),
        "ops" => format!("{}/s", plain(value)),
        _ => plain(value),
    }
}

fn scaled(value: f64, scales: &[(f64, &str)]) -> String {
    let fits = scales
        .iter()
        .find(|(scale, _)| value.abs() >= *scale * 0.9999);
    match fits {
        _ if value == 0.0 => "0".to_owned(),
        Some((scale, unit)) => format!("{} {unit}", plain(value / scale)),
        None => plain(value),
    }
}

fn plain(value: f64) -> String {
    let digits = match value.abs() {
        10.0.. => 0,
        1.0.. => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A number that is round in its unit, the least that is not below `value`, for the end of an axis.
pub fn axis_end(value: f64, unit: &str) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    if unit == "bytes" && value > 1024.0 {
        return 1024.0 * axis_end(value / 1024.0, unit);
    }
    let power = 10_f64.powf(value.log10().floor());
    let rounds = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    let round = rounds
        .iter()
        .find(|round| **round * power >= value * 0.9999);
    power * round.copied().unwrap_or(10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_unit_that_fits() {
        for (value, unit, text) in [
            (0.000_25, "s", "250 µs"),
            (0.001, "s", "1 ms"),
            (12.34, "s", "12 s"),
            (90.0, "s", "1.5 min"),
            (0.0, "s", "0"),
            (2048.0, "bytes", "2 KiB"),
            (100.0, "ops", "100/s"),
            (2.0, "short", "2"),
        ] {
            assert_eq!(show(value, unit), text);
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, unit, end) in [
            (0.0, "s", 1.0),
            (0.9, "s", 1.0),
            (3.0, "s", 4.0),
            (41.0, "s", 50.0),
            (900.0, "ops", 1000.0),
            (3000.0, "bytes", 4096.0),
        ] {
            let seen = axis_end(value, unit);
            assert!((seen - end).abs() < 1e-9 * end, "{value} {unit}: {seen}");
        }
    }
}
