//! Rows as the server's own client prints them: numbers on the right, all else on the left.

use mysql::prelude::Queryable;
use mysql::{Conn, Value};

pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

struct Column {
    name: String,
    is_number: bool,
}

impl Table {
    /// The answer to a statement; `None` if it has no columns.
    pub fn ask(conn: &mut Conn, sql: &str) -> mysql::Result<Option<Table>> {
        let answer = conn.query_iter(sql)?;
        let column = |column: &mysql::Column| Column {
            name: column.name_str().into_owned(),
            is_number: column.column_type().is_numeric_type(),
        };
        let columns: Vec<Column> = answer.columns().as_ref().iter().map(column).collect();
        let mut rows = Vec::new();
        for row in answer {
            rows.push(row?.unwrap().into_iter().map(text).collect());
        }
        Ok((!columns.is_empty()).then_some(Table { columns, rows }))
    }

    /// Rows of a name and a value, without a heading.
    pub fn lines(&self) -> Vec<String> {
        let width = |at: usize| {
            let cells = self.rows.iter().map(|row| row[at].chars().count());
            cells
                .chain([self.columns[at].name.chars().count()])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        let rule = format!("+{}+", dashes.join("+"));
        let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let cells = |row: &Vec<String>| {
            let columns = self.columns.iter().zip(&widths);
            let cells = columns
                .zip(row)
                .map(|((column, width), cell)| match column.is_number {
                    true => format!("{cell:>width$}"),
                    false => format!("{cell:<width$}"),
                });
            line(cells.collect())
        };
        let names = self.columns.iter().zip(&widths);
        let names = names.map(|(column, width)| format!("{:<width$}", column.name));
        let mut lines = vec![rule.clone(), line(names.collect()), rule.clone()];
        lines.extend(self.rows.iter().map(cells));
        lines.push(rule);
        lines
    }
}

fn text(value: Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_on_the_right_and_all_else_on_the_left() {
        let column = |name: &str, is_number| Column {
            name: name.to_owned(),
            is_number,
        };
        let table = Table {
            columns: vec![column("id", true), column("text", false)],
            rows: vec![
                vec!["1".to_owned(), "short".to_owned()],
                vec!["1234".to_owned(), "a".to_owned()],
            ],
        };
        let expected = [
            "+------+-------+",
            "| id   | text  |",
            "+------+-------+",
            "|    1 | short |",
            "| 1234 | a     |",
            "+------+-------+",
        ];
        assert_eq!(table.lines(), expected);
    }
}
