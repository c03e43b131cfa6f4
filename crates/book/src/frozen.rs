//! Freezes every byte: the description of each layout must equal the committed text.

extern crate std;
use crate::{
    queue::{self, QueueHeader, QueuedFill},
    slab::{HEADER_BYTES, NODE_BYTES, Node, SideHeader},
};
use plimsoll_risk::layout::{Kind, Layout};
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
    describe(&SideHeader::LAYOUT, &mut now);
    describe(&Node::LAYOUT, &mut now);
    describe(&QueueHeader::LAYOUT, &mut now);
    describe(&QueuedFill::LAYOUT, &mut now);
    if std::env::var_os("PLIMSOLL_WRITE_LAYOUT").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/frozen.txt"), &now).unwrap();
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
    check(&SideHeader::LAYOUT);
    check(&Node::LAYOUT);
    check(&QueueHeader::LAYOUT);
    check(&QueuedFill::LAYOUT);
}

#[test]
fn ten_kibibytes_are_128_nodes_and_the_header_with_its_discriminator_two() {
    assert_eq!(128 * NODE_BYTES, 10 * 1024);
    assert_eq!(8 + HEADER_BYTES, 2 * NODE_BYTES);
    assert_eq!(NODE_BYTES % 8, 0);
}

#[test]
fn an_entry_is_96_bytes_and_the_queues_header_with_its_discriminator_two() {
    assert_eq!(queue::ENTRY_BYTES, 104);
    assert_eq!(8 + queue::HEADER_BYTES, 2 * queue::ENTRY_BYTES);
}
