//! The program's readers of oracle accounts, against the oracles' own definitions of them.

use anchor_lang::{AccountDeserialize, AccountSerialize, Discriminator};
use harness::oracles::{Quoted, SwitchboardFeed, Verification, pyth_update, switchboard_feed};
use plimsoll::oracle::{OracleRefusal, pyth, read_price, switchboard};
use plimsoll_risk::{
    layout::Key,
    num::Price,
    observation::{OraclePrice, Source},
};
use proptest::prelude::*;
use pyth_solana_receiver_sdk::{
    config::Config,
    price_update::{PriceFeedMessage, PriceUpdateV2, TwapUpdate, VerificationLevel},
};
use solana_pubkey::Pubkey;

const FEED_ID: [u8; 32] = [7; 32];
const FEED_ADDRESS: Pubkey = Pubkey::new_from_array([9; 32]);
const NOW: i64 = 1_800_000_000;

fn pyth(data: &[u8]) -> Result<OraclePrice, OracleRefusal> {
    pyth::read(&pyth::RECEIVER, data, &FEED_ID)
}

fn full(price: impl Into<Quoted>, confidence: u64) -> Vec<u8> {
    pyth_update(FEED_ID, price, confidence, NOW, Verification::Full)
}

fn on_demand(data: &[u8]) -> Result<OraclePrice, OracleRefusal> {
    switchboard::read(&switchboard::ON_DEMAND, &FEED_ADDRESS, data, &FEED_ADDRESS.to_bytes())
}

fn said(feed: SwitchboardFeed) -> Result<OraclePrice, OracleRefusal> {
    on_demand(&feed.data())
}

/// `mantissa × 10^-decimals` in units of 2^-40, exactly: the quotient, the remainder and what it is divided by.
fn units(mantissa: u128, decimals: u32) -> (u128, u128, u128) {
    // 2^40/10^d = 2^(40−d)/5^d: with d = 18, numbers up to 2^106 fit.
    let (numerator, divisor) = (mantissa << (40 - decimals), 5u128.pow(decimals));
    (numerator / divisor, numerator % divisor, divisor)
}

fn nearest(mantissa: u128, decimals: u32) -> Option<Price> {
    let (quotient, remainder, divisor) = units(mantissa, decimals);
    let rounded = quotient + u128::from(2 * remainder > divisor);
    (rounded > 0 && rounded < 1 << 63).then(|| Price::new(rounded as u64))
}

fn up(mantissa: u128, decimals: u32) -> Price {
    let (quotient, remainder, _) = units(mantissa, decimals);
    let widest = (1 << 63) - 1;
    Price::new(u64::try_from(quotient + u128::from(remainder > 0)).unwrap_or(widest).min(widest))
}

#[test]
fn the_programs_believed_are_the_oracles_own() {
    assert_eq!(pyth::RECEIVER, pyth_solana_receiver_sdk::ID);
    assert_eq!(pyth::DISCRIMINATOR, PriceUpdateV2::DISCRIMINATOR);
    assert_eq!(pyth::LENGTH + 1, PriceUpdateV2::LEN, "one byte less than with partial verification");
    assert_eq!(switchboard::ON_DEMAND.to_string(), "SBondMDrcV3K4kxZR1HNVT7osZxAHVHgYXL5Ze1oMUv");
}

#[test]
fn a_pyth_update_is_read() {
    let expected = OraclePrice {
        price: Price::new(150 << 40),
        confidence: Price::new(1 << 39),
        publish_time: NOW,
        source: Source::Pyth,
    };
    assert_eq!(pyth(&full((15_000_000_000, -8), 50_000_000)), Ok(expected));
    assert_eq!(pyth(&pyth_update(FEED_ID, 150.0, 0.5, NOW, Verification::Full)), Ok(expected));
}

#[test]
fn the_owner_decides_the_format() {
    let (id, address) = (Key(FEED_ID), Key(FEED_ADDRESS.to_bytes()));
    let update = full(150.0, 0);
    let feed = switchboard_feed(150.0, 0.1, NOW);
    let read = |owner: &Pubkey, data: &[u8]| read_price(&FEED_ADDRESS, owner, data, &id, &address);

    assert_eq!(read(&pyth::RECEIVER, &update).map(|price| price.source), Ok(Source::Pyth));
    assert_eq!(read(&switchboard::ON_DEMAND, &feed).map(|price| price.source), Ok(Source::Switchboard));
    assert_eq!(read(&pyth::RECEIVER, &feed), Err(OracleRefusal::WrongDiscriminator));
    assert_eq!(
        read(&switchboard::ON_DEMAND, &[&update[..], &[0; 4096]].concat()),
        Err(OracleRefusal::WrongDiscriminator)
    );
    for stranger in [Pubkey::default(), FEED_ADDRESS, Pubkey::new_unique()] {
        assert_eq!(read(&stranger, &update), Err(OracleRefusal::WrongOwner));
        assert_eq!(read(&stranger, &feed), Err(OracleRefusal::WrongOwner));
    }
    // A feed without a fallback: its address is unset.
    assert_eq!(
        read_price(&FEED_ADDRESS, &switchboard::ON_DEMAND, &feed, &id, &Key([0; 32])),
        Err(OracleRefusal::WrongFeed)
    );
}

#[test]
fn an_owner_that_differs_in_one_bit_is_a_stranger() {
    let (update, feed) = (full(150.0, 0), switchboard_feed(150.0, 0.1, NOW));
    for bit in 0..256 {
        let flipped = |key: &Pubkey| Pubkey::new_from_array(flip(key.to_bytes(), bit));
        assert_eq!(pyth::read(&flipped(&pyth::RECEIVER), &update, &FEED_ID), Err(OracleRefusal::WrongOwner));
        assert_eq!(pyth::read(&pyth::RECEIVER, &update, &flip(FEED_ID, bit)), Err(OracleRefusal::WrongFeed));

        let address = FEED_ADDRESS.to_bytes();
        let owner = flipped(&switchboard::ON_DEMAND);
        assert_eq!(switchboard::read(&owner, &FEED_ADDRESS, &feed, &address), Err(OracleRefusal::WrongOwner));
        let other = switchboard::read(&switchboard::ON_DEMAND, &flipped(&FEED_ADDRESS), &feed, &address);
        assert_eq!(other, Err(OracleRefusal::WrongFeed));
    }
}

fn flip(mut bytes: [u8; 32], bit: usize) -> [u8; 32] {
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[test]
fn an_account_cut_short_anywhere_is_refused() {
    let update = full(150.0, 0);
    for length in 0..pyth::LENGTH {
        assert_eq!(pyth(&update[..length]), Err(OracleRefusal::Truncated), "{length} bytes");
        assert!(PriceUpdateV2::try_deserialize(&mut &update[..length]).is_err());
    }
    assert!(
        pyth(&update[..pyth::LENGTH]).is_ok(),
        "the account's last byte is room for the longer verification"
    );

    let feed = switchboard_feed(150.0, 0.1, NOW);
    for length in 0..switchboard::LENGTH {
        assert_eq!(on_demand(&feed[..length]), Err(OracleRefusal::Truncated), "{length} bytes");
    }
    assert_eq!(feed.len(), switchboard::LENGTH);
}

#[test]
fn an_account_of_another_kind_is_refused() {
    for discriminator in [Config::DISCRIMINATOR, TwapUpdate::DISCRIMINATOR, &[0; 8]] {
        let mut update = full(150.0, 0);
        update[..8].copy_from_slice(discriminator);
        assert_eq!(pyth(&update), Err(OracleRefusal::WrongDiscriminator));
    }
    for byte in 0..8 {
        let mut feed = switchboard_feed(150.0, 0.1, NOW);
        feed[byte] ^= 1;
        assert_eq!(on_demand(&feed), Err(OracleRefusal::WrongDiscriminator));
    }
}

#[test]
fn anything_less_than_full_verification_is_refused() {
    for signatures in 0..=u8::MAX {
        let update = pyth_update(FEED_ID, 150.0, 0, NOW, Verification::Partial(signatures));
        assert_eq!(pyth(&update), Err(OracleRefusal::NotFullyVerified));
    }
    // A partial update whose feed id stands where a full one has it: the tag is what counts.
    let mut id = [0; 32];
    id[0] = 13;
    let shifted = pyth_update([0; 32], 150.0, 0, NOW, Verification::Partial(13));
    assert_eq!(pyth::read(&pyth::RECEIVER, &shifted, &id), Err(OracleRefusal::NotFullyVerified));
    for tag in 2..=u8::MAX {
        let mut update = full(150.0, 0);
        update[40] = tag;
        assert_eq!(pyth(&update), Err(OracleRefusal::NotFullyVerified));
    }
}

#[test]
fn every_published_exponent_is_exact() {
    for decimals in 0..=18 {
        for mantissa in (0..63)
            .flat_map(|bit| [1i64 << bit, (1 << bit) + 1, i64::MAX >> bit, 0x5DEE_CE66_D000_000B >> bit])
        {
            let read = pyth(&full((mantissa, -(decimals as i32)), mantissa as u64));
            let Some(price) = nearest(mantissa as u128, decimals) else {
                assert_eq!(read, Err(OracleRefusal::PriceOutOfRange), "{mantissa}e-{decimals}");
                continue;
            };
            let read = read.expect("a price in range");
            assert_eq!(read.price, price, "{mantissa}e-{decimals}");
            assert_eq!(
                Ok(price),
                Price::from_decimal(mantissa as u64, -(decimals as i32)),
                "as clients compute it"
            );
            assert_eq!(read.confidence, up(mantissa as u128, decimals), "{mantissa}e-{decimals}");
        }
    }
}

#[test]
fn other_exponents_are_refused() {
    for exponent in [1, 2, 18, i32::MAX, -19, -20, -40, -256, i32::MIN] {
        assert_eq!(pyth(&full((1_000, exponent), 0)), Err(OracleRefusal::ExponentOutOfRange), "{exponent}");
    }
}

#[test]
fn a_price_of_zero_or_less_is_refused() {
    for price in [0, -1, -15_000_000_000, i64::MIN] {
        assert_eq!(pyth(&full((price, -8), 1)), Err(OracleRefusal::NonPositivePrice));
        let feed = SwitchboardFeed { value: price.into(), ..SwitchboardFeed::new(1.0, 0.1, NOW) };
        assert_eq!(said(feed), Err(OracleRefusal::NonPositivePrice));
    }
    let none_yet = SwitchboardFeed { value: i128::MIN, ..SwitchboardFeed::new(1.0, 0.1, NOW) };
    assert_eq!(said(none_yet), Err(OracleRefusal::NonPositivePrice));
}

#[test]
fn a_price_that_does_not_fit_is_refused() {
    let too_large = 1i64 << 23;
    for (price, fits) in
        [((too_large - 1, 0), true), ((too_large, 0), false), ((i64::MAX, 0), false), ((i64::MAX, -8), false)]
    {
        assert_eq!(pyth(&full(price, 0)).is_ok(), fits, "{price:?}");
    }
    // Half of 2^-40 is 4.5e-13.
    assert_eq!(pyth(&full((4, -13), 0)), Err(OracleRefusal::PriceOutOfRange));
    assert_eq!(pyth(&full((5, -13), 0)).map(|read| read.price), Ok(Price::new(1)));

    let value =
        |value| said(SwitchboardFeed { value, ..SwitchboardFeed::new(1.0, 0.1, NOW) }).map(|read| read.price);
    const ONE: i128 = 1_000_000_000_000_000_000;
    assert_eq!(value((1 << 23) * ONE), Err(OracleRefusal::PriceOutOfRange));
    assert_eq!(value((1 << 23) * ONE - ONE), Ok(Price::new((1 << 63) - (1 << 40))));
    assert_eq!(value(i128::MAX), Err(OracleRefusal::PriceOutOfRange));
    assert_eq!(value(1 << 106), Err(OracleRefusal::PriceOutOfRange));
    assert_eq!(value(400_000), Err(OracleRefusal::PriceOutOfRange));
    assert_eq!(value(500_000), Ok(Price::new(1)));
}

#[test]
fn a_confidence_beyond_all_prices_is_the_widest() {
    let widest = Price::new((1 << 63) - 1);
    assert_eq!(pyth(&full((1, 0), u64::MAX)).map(|read| read.confidence), Ok(widest));
    assert_eq!(pyth(&full((1, 0), 1 << 23)).map(|read| read.confidence), Ok(widest));
    for spread in [i128::MAX, 1 << 106, -1, i128::MIN] {
        let feed = SwitchboardFeed::new(1.0, 0.0, NOW);
        for feed in [
            SwitchboardFeed { standard_deviation: spread, ..feed },
            SwitchboardFeed { range: spread, ..feed },
        ] {
            assert_eq!(said(feed).map(|read| read.confidence), Ok(widest), "{spread}");
        }
    }
}

#[test]
fn prices_from_a_billionth_to_eight_million_keep_their_digits() {
    for exponent in -9..7 {
        for digit in [1.0, 2.5, 7.7, 8.3] {
            let price: f64 = digit * 10f64.powi(exponent);
            let (pyth, on_demand) = (pyth(&full(price, 0)), on_demand(&switchboard_feed(price, 0.0, NOW)));
            let tolerance = 0.5 + price * 2f64.powi(40) * 1e-15;
            let expected = price * 2f64.powi(40);
            let near = |read: Price, digits: f64| {
                (read.get() as f64 - expected).abs() <= tolerance + digits * 2f64.powi(40)
            };
            // Half of the writers' last digit: 12 decimals below 1, 8 above; 9 for Switchboard.
            let last = if price < 1.0 { 0.5e-12 } else { 0.5e-8 };
            assert!(near(pyth.expect("in range").price, last), "{price} by Pyth");
            assert!(near(on_demand.expect("in range").price, 0.5e-9), "{price} by Switchboard");
        }
    }
    assert_eq!(pyth(&full(1e7, 0)), Err(OracleRefusal::PriceOutOfRange), "2^23 is 8.4 million");
}

#[test]
fn a_switchboard_feed_is_read() {
    assert_eq!(
        on_demand(&switchboard_feed(150.0, 0.5, NOW)),
        Ok(OraclePrice {
            price: Price::new(150 << 40),
            confidence: Price::new(1 << 39),
            publish_time: NOW,
            source: Source::Switchboard,
        })
    );
}

#[test]
fn the_larger_of_deviation_and_half_the_range_is_the_confidence() {
    const ONE: i128 = 1_000_000_000_000_000_000;
    for (standard_deviation, range, confidence) in [
        (ONE, 0, 1 << 40),
        (0, 2 * ONE, 1 << 40),
        (ONE, 4 * ONE, 2 << 40),
        (3 * ONE, 4 * ONE, 3 << 40),
        (0, 0, 0),
        (0, 1, 1),
        (1, 0, 1),
    ] {
        let feed = SwitchboardFeed { standard_deviation, range, ..SwitchboardFeed::new(1.0, 0.0, NOW) };
        assert_eq!(said(feed).map(|read| read.confidence), Ok(Price::new(confidence)));
    }
}

#[test]
fn too_few_samples_are_refused() {
    for (samples, least_samples, enough) in
        [(3, 3, true), (2, 3, false), (0, 0, false), (1, 0, true), (255, 255, true), (254, 255, false)]
    {
        let read = said(SwitchboardFeed { samples, least_samples, ..SwitchboardFeed::new(1.0, 0.1, NOW) });
        assert_eq!(read.is_ok(), enough, "{samples} of {least_samples}");
        assert!(enough || read == Err(OracleRefusal::TooFewSamples));
    }
}

#[test]
fn a_feed_that_its_authority_may_write_is_refused() {
    let feed = SwitchboardFeed { writable_by_authority: true, ..SwitchboardFeed::new(1.0, 0.1, NOW) };
    assert_eq!(said(feed), Err(OracleRefusal::WritableByAuthority));
}

#[test]
fn a_switchboard_price_is_as_old_as_the_submission_behind_it() {
    for submission in 0..32 {
        let old =
            SwitchboardFeed { submission, updated_at: NOW + 500, ..SwitchboardFeed::new(1.0, 0.1, NOW) };
        assert_eq!(
            said(old).map(|read| read.publish_time),
            Ok(NOW),
            "later submissions do not make it newer"
        );
    }
}

#[test]
fn a_switchboard_price_that_nothing_dates_is_refused() {
    let feed = SwitchboardFeed::new(1.0, 0.1, NOW);
    for observed_at in [0, -1, i64::MIN] {
        assert_eq!(said(SwitchboardFeed { observed_at, ..feed }), Err(OracleRefusal::Undated));
    }
    for submission in [32, 33, 46, 255] {
        assert_eq!(said(SwitchboardFeed { submission, ..feed }), Err(OracleRefusal::Undated));
    }
    // The same oracle submitted again, so the timestamp is of another value than the result's.
    let mut overwritten = feed.data();
    overwritten[8 + 64 + 48] ^= 1;
    assert_eq!(on_demand(&overwritten), Err(OracleRefusal::Undated));
}

/// Update accounts of every content, as Pyth's own crate writes them.
fn updates() -> impl Strategy<Value = Vec<u8>> {
    let verification = prop_oneof![
        4 => Just(VerificationLevel::Full),
        1 => any::<u8>().prop_map(|num_signatures| VerificationLevel::Partial { num_signatures }),
    ];
    let feed_id = prop_oneof![4 => Just(FEED_ID), 1 => any::<[u8; 32]>()];
    let exponent = prop_oneof![8 => -18..=0, 1 => any::<i32>()];
    // Shifted, so that all magnitudes are as frequent.
    let price = (any::<i64>(), 0..63u32).prop_map(|(price, shift)| price >> shift);
    let conf = (any::<u64>(), 0..64u32).prop_map(|(conf, shift)| conf >> shift);
    let times_and_averages = (any::<[i64; 3]>(), any::<[u64; 2]>());
    (any::<[u8; 32]>(), verification, feed_id, price, conf, exponent, times_and_averages).prop_map(
        |(authority, verification_level, feed_id, price, conf, exponent, (signed, unsigned))| {
            let [publish_time, prev_publish_time, ema_price] = signed;
            let [ema_conf, posted_slot] = unsigned;
            let price_message = PriceFeedMessage {
                feed_id,
                price,
                conf,
                exponent,
                publish_time,
                prev_publish_time,
                ema_price,
                ema_conf,
            };
            let write_authority = Pubkey::new_from_array(authority);
            let update = PriceUpdateV2 { write_authority, verification_level, price_message, posted_slot };
            let mut data = Vec::new();
            update.try_serialize(&mut data).expect("a vector takes every byte");
            data.resize(PriceUpdateV2::LEN, 0);
            data
        },
    )
}

/// What the program should say of an update that Pyth's own crate decoded.
fn expected(update: &PriceUpdateV2) -> Result<OraclePrice, OracleRefusal> {
    if update.verification_level != VerificationLevel::Full {
        return Err(OracleRefusal::NotFullyVerified);
    }
    let quoted = update.get_price_unchecked(&FEED_ID).map_err(|_| OracleRefusal::WrongFeed)?;
    if !(-18..=0).contains(&quoted.exponent) {
        return Err(OracleRefusal::ExponentOutOfRange);
    }
    if quoted.price <= 0 {
        return Err(OracleRefusal::NonPositivePrice);
    }
    let decimals = quoted.exponent.unsigned_abs();
    Ok(OraclePrice {
        price: nearest(quoted.price as u128, decimals).ok_or(OracleRefusal::PriceOutOfRange)?,
        confidence: up(quoted.conf.into(), decimals),
        publish_time: quoted.publish_time,
        source: Source::Pyth,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_update_is_read_as_pyths_own_crate_reads_it(data in updates()) {
        let decoded = PriceUpdateV2::try_deserialize(&mut &data[..]).expect("its own bytes");
        prop_assert_eq!(pyth(&data), expected(&decoded));
    }

    #[test]
    fn whatever_is_accepted_pyths_own_crate_accepts(
        mut data in updates(),
        at in 0..134usize,
        byte: u8,
        length in 100..=134usize,
    ) {
        data[at] = byte;
        data.truncate(length);
        if let Ok(read) = pyth(&data) {
            let decoded = PriceUpdateV2::try_deserialize(&mut &data[..]).expect("accepted here, so there");
            prop_assert_eq!(Ok(read), expected(&decoded));
        }
    }

    #[test]
    fn every_switchboard_value_is_exact(
        value in 1..1u128 << 84,
        spread in 0..1u128 << 84,
        shift in 0..84u32,
        publish_time in 1..i64::MAX,
    ) {
        let (value, spread) = ((value >> shift).max(1), spread >> shift);
        let read = said(SwitchboardFeed {
            value: value as i128,
            standard_deviation: spread as i128,
            ..SwitchboardFeed::new(1.0, 0.0, publish_time)
        });
        match nearest(value, 18) {
            Some(price) => {
                let confidence = up(spread, 18);
                let source = Source::Switchboard;
                prop_assert_eq!(read, Ok(OraclePrice { price, confidence, publish_time, source }));
            }
            None => prop_assert_eq!(read, Err(OracleRefusal::PriceOutOfRange)),
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(
        head in any::<[u8; 32]>(),
        at in 0..switchboard::LENGTH,
        byte: u8,
        length in 0..4000usize,
    ) {
        let mut data = switchboard_feed(150.0, 0.1, NOW);
        data[at] = byte;
        data.resize(length, byte);
        let _ = on_demand(&data);
        let _ = pyth(&data);
        let _ = pyth(&head);
    }
}
