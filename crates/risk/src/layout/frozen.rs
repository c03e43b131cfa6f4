//! Freezes every byte: the description of each layout must equal the committed text.

extern crate std;
use super::{Kind, Layout, account::MarginAccount, board::RiskBoard};
use crate::funding::PremiumWindow;
use std::{fmt::Write, format, string::String};

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Array(of, n) => format!("[{}; {n}]", self::kind(of)),
        Kind::Struct(layout) => String::from(layout.name),
        plain => format!("{plain:?}").to_lowercase(),
    }
}

fn describe(layout: &'static Layout, into: &mut String) {
    if into.contains(&format!("\n{} ", layout.name)) {
        return;
    }
    writeln!(into, "\n{} {} bytes", layout.name, layout.size).unwrap();
    for field in layout.fields {
        writeln!(into, "{:>6} {:>6}  {}: {}", field.offset, field.size, field.name, kind(&field.kind))
            .unwrap();
    }
    for field in layout.fields {
        let mut inner = &field.kind;
        while let Kind::Array(of, _) = inner {
            inner = of;
        }
        if let Kind::Struct(inner) = inner {
            describe(inner, into);
        }
    }
}

#[test]
fn no_byte_of_the_frozen_layouts_has_moved() {
    let mut now = String::from("offset   size  field: kind\n");
    describe(&MarginAccount::LAYOUT, &mut now);
    describe(&RiskBoard::LAYOUT, &mut now);
    describe(&PremiumWindow::LAYOUT, &mut now);
    if std::env::var_os("PLIMSOLL_WRITE_LAYOUT").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/layout/frozen.txt"), &now).unwrap();
    }
    assert_eq!(now, include_str!("frozen.txt"), "an account on chain would be read wrongly");
}

#[test]
fn fields_follow_each_other_without_gaps() {
    fn check(layout: &'static Layout) {
        let mut end = 0;
        for field in layout.fields {
            assert_eq!(field.offset, end, "{}.{}", layout.name, field.name);
            end += field.size;
            let mut inner = &field.kind;
            while let Kind::Array(of, _) = inner {
                inner = of;
            }
            if let Kind::Struct(inner) = inner {
                check(inner);
            }
        }
        assert_eq!(end, layout.size, "{}", layout.name);
    }
    check(&MarginAccount::LAYOUT);
    check(&RiskBoard::LAYOUT);
    check(&PremiumWindow::LAYOUT);
}
