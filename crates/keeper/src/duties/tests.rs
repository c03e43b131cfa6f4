use super::*;
use bytemuck::Zeroable;
use plimsoll_risk::num::{Lots, Quote};

#[test]
fn a_loss_is_settled_whole_and_a_gain_as_far_as_it_is_realised() {
    let terms = MarketTerms { lot_price: 500, shift: 2, ..MarketTerms::zeroed() };
    let position = |quote, realised| Position {
        lots: Lots::new(8),
        quote: Quote::new(quote),
        realised: Quote::new(realised),
        ..Position::zeroed()
    };
    assert_eq!(unsettled(&position(-1_300, 0), &terms), (300, false));
    assert_eq!(unsettled(&position(-900, 40), &terms), (40, true));
    assert_eq!(unsettled(&position(-900, 400), &terms), (100, true));
    assert_eq!(unsettled(&position(-900, -5), &terms), (0, true));
}
