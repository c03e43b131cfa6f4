use super::*;
use plimsoll_risk::num::RATIO_BITS;

fn census(seed: u64) -> Census {
    Census {
        seed,
        accounts: 200,
        markets: vec![0, 1, 2],
        quote_bank: 0,
        collaterals: vec![1, 2],
        least_worth: Quote::new(100_000_000),
        doublings: 8,
        usage: (Ratio::from_bps(3_000), Ratio::from_bps(9_900)),
        borrowers: 150_000,
        isolated: 250_000,
        resting: 300_000,
    }
}

/// Between a hundred and a thousand lots, different for everybody.
fn limit(account: usize, wish: &Wish) -> u32 {
    100 + (u32::try_from(account).unwrap() * 37 + u32::from(wish.market)) % 900
}

#[test]
fn the_same_seed_gives_the_same_people_and_another_seed_others() {
    assert_eq!(census(7).accounts(), census(7).accounts());
    assert_ne!(census(7).accounts(), census(8).accounts());
}

#[test]
fn every_kind_of_account_is_there() {
    let accounts = census(7).accounts();
    assert_eq!(accounts.len(), 200);
    let count = |test: fn(&Account) -> bool| accounts.iter().filter(|account| test(account)).count();
    assert!(count(|account| account.wishes.is_empty() && !account.borrows.is_empty()) >= 10);
    assert!(count(|account| account.wishes.iter().any(|wish| wish.pocket.is_some())) >= 20);
    assert!(count(|account| account.wishes.iter().any(|wish| wish.pocket.is_none())) >= 50);
    assert!(count(|account| account.wishes.len() == 3) >= 10);
    assert!(count(|account| !account.resting.is_empty()) >= 20);
    assert!(count(|account| account.deposits.len() == 2) >= 30);
}

#[test]
fn nobody_uses_more_than_their_limit_or_pockets_more_than_half_their_cash() {
    for seed in 0..20 {
        for account in census(seed).accounts() {
            assert!(account.usage() <= Ratio::from_bps(9_900), "{account:?}");
            let pockets: u32 = account.wishes.iter().filter_map(|wish| wish.pocket).map(Ratio::get).sum();
            assert!(pockets <= Ratio::ONE.get() / 2);
            let mut markets: Vec<u8> = account.wishes.iter().map(|wish| wish.market).collect();
            markets.sort_unstable();
            markets.dedup();
            assert_eq!(markets.len(), account.wishes.len(), "one position a market");
        }
    }
}

#[test]
fn every_long_has_its_short_and_nobody_gets_more_than_they_wanted() {
    let accounts = census(7).accounts();
    let pairs = pairs(&accounts, limit);
    assert!(pairs.len() > 200);
    let (mut wanted, mut given) = (0, 0);
    for (number, account) in accounts.iter().enumerate() {
        for wish in &account.wishes {
            let most = (u64::from(limit(number, wish)) * u64::from(wish.part.get())) >> RATIO_BITS;
            let (long, short) = lots_by_side(&pairs, number, wish.market);
            let (got, other) = if wish.is_long { (long, short) } else { (short, long) };
            assert!(got <= most, "account {number} wanted {most} and got {got}");
            assert_eq!(other, 0, "nobody is on both sides");
            (wanted, given) = (wanted + most, given + got);
        }
    }
    assert_eq!(given, pairs.iter().map(|pair| 2 * u64::from(pair.lots)).sum::<u64>());
    assert!(given * 100 >= wanted * 75, "most wishes are met: {given} of {wanted}");
}

#[test]
fn a_side_without_anybody_opposite_gets_nothing() {
    let wish = Wish { market: 0, is_long: true, pocket: None, part: Ratio::ONE };
    let lonely = Account { wishes: vec![wish], ..Account::default() };
    assert_eq!(pairs(std::slice::from_ref(&lonely), |_, _| 10), []);
    let other = Account { wishes: vec![Wish { is_long: false, ..wish }], ..Account::default() };
    assert_eq!(
        pairs(&[lonely.clone(), other.clone()], |_, _| 10),
        [Pair { market: 0, long: 0, short: 1, lots: 10 }]
    );
    assert_eq!(pairs(&[lonely, other], |account, _| if account == 0 { 0 } else { 10 }), []);
}
