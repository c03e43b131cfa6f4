//! Figures in columns.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::Display;

/// Rows under their heads, the first column to the left, figures to the right; as wide as it is.
pub fn table<Row: IntoIterator<Item = String>>(
    heads: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heads.iter().map(|head| head.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// What is there, or a dash.
pub fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// An address by its ends.
pub fn short(address: &str) -> String {
    match (address.get(..4), address.len().checked_sub(4).and_then(|from| address.get(from..))) {
        (Some(front), Some(back)) if address.len() > 10 => format!("{front}…{back}"),
        _ => address.to_owned(),
    }
}
