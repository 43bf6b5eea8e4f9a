//! Figures in words, for the shell and for reasons.

/// `1.4 MB`; 1 MB is a million bytes, as disks are sold and `df -H` shows them.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} bytes");
    }
    let mut tenths = count / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("TB");
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// `1 row`, `2 rows`.
pub fn many(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A size is read at a glance, whatever it is.
    #[test]
    fn sizes_have_a_unit() {
        for (count, shown) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_400, "1.4 kB"),
            (999_999, "999.9 kB"),
            (98_000_000, "98.0 MB"),
            (1_500_000_000_000_000, "1500.0 TB"),
        ] {
            assert_eq!(bytes(count), shown);
        }
    }
}
