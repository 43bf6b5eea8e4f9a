//! A table as CSV (RFC 4180), for spreadsheets.
//!
//! Must stay true: nothing that somebody wrote is a formula when a spreadsheet opens it (OWASP, "CSV
//! injection"): what begins like one is led in by an apostrophe.

/// One row, every field in quotes, ended by CRLF.
pub fn row<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let fields: Vec<_> = fields.into_iter().map(field).collect();
    fields.join(",") + "\r\n"
}

fn field(text: &str) -> String {
    let guard = if text
        .trim_start_matches(' ')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
    {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quotes, commas and line breaks stay inside their field, and nothing is a formula.
    #[test]
    fn fields_stay_fields_and_text_stays_text() {
        let written = row([
            "plain",
            "a,\"b\"\nc",
            "=1+1",
            " @SUM(A1)",
            "-2",
            "5 - 2",
            "",
        ]);
        let expected =
            "\"plain\",\"a,\"\"b\"\"\nc\",\"'=1+1\",\"' @SUM(A1)\",\"'-2\",\"5 - 2\",\"\"\r\n";
        assert_eq!(written, expected);
    }
}
