//! What every instruction of the compiled program costs, at its smallest and its largest, with fixed keys.
//!
//! `docs/COMPUTE_UNITS.md` and `docs/compute_units.json` hold the figures, [`caps`] the most that each may be.

mod account;
mod bankruptcy;
mod book;
mod caps;
mod deleveraging;
mod desks;
mod documents;
mod endangered;
mod endings;
mod governance;
mod instructions;
mod insurance;
mod ledger;
mod liquidation;
mod refresh;
mod setup;
mod shapes;
mod trade;
mod tree;
mod triggers;
mod vault;

use book::Book;
use std::{collections::BTreeSet, sync::OnceLock};

/// All figures, measured once.
fn measured() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| {
        let mut book = Book::default();
        book.note("program_bytes", "the compiled program", harness::program::elf().len() as u64);
        let all: [fn(&mut Book); 13] = [
            trade::measure,
            ledger::measure,
            liquidation::measure,
            bankruptcy::measure,
            deleveraging::measure,
            insurance::measure,
            endings::measure,
            triggers::measure,
            vault::measure,
            refresh::measure,
            account::measure,
            setup::measure,
            governance::measure,
        ];
        for measure in all {
            measure(&mut book);
        }
        book
    })
}

#[test]
fn every_instruction_of_the_program_is_measured() {
    let rows = measured().0.iter().filter_map(|row| row.instruction());
    let (measured, all) = (rows.collect::<BTreeSet<_>>(), instructions::all());
    assert!(all.contains(&"deposit"), "the source reads otherwise: {all:?}");
    let missing: Vec<_> = all.into_iter().filter(|name| !measured.contains(name)).collect();
    assert!(missing.is_empty(), "nobody measures {missing:?}: add a row to tests/compute");
}

#[test]
fn no_figure_is_beyond_its_cap() {
    let rows = &measured().0;
    for row in rows {
        println!("{:<40} {:>8} {:>8}  {}", row.name, row.figure, row.cap().unwrap_or_default(), row.shape);
    }
    let names: BTreeSet<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    assert_eq!(names, caps::names().collect(), "rows and caps");
    let beyond = rows.iter().filter(|row| row.cap().is_none_or(|cap| row.figure > cap));
    let beyond: Vec<_> =
        beyond.map(|row| format!("{}: {} of {:?}", row.name, row.figure, row.cap())).collect();
    assert!(beyond.is_empty(), "{beyond:#?}");
}

#[test]
fn a_promise_that_is_kept_is_not_listed_as_missed() {
    for row in measured().0.iter().filter(|row| caps::is_not_reached(row.name)) {
        let promised = caps::promised(row.name).expect("only a promise can be missed");
        assert!(row.figure > promised, "{} is {}: take it off the list", row.name, row.figure);
    }
}

#[test]
fn the_documents_say_what_was_measured() {
    documents::check_or_write(measured());
}
