//! What one looks at, on a local network: the command as a child process, its tables, its JSON, its exit codes.

#[path = "../network/mod.rs"]
mod network;
mod watch;

use network::{PRICES, Trader, World};
use serde_json::{Value, json};
use solana_keypair::Signer;
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    sync::{LazyLock, mpsc},
    thread,
    time::Duration,
};

/// How long something is waited for that has to come: it ends a hang, and nothing else.
const PATIENCE: Duration = Duration::from_secs(120);

/// The network, with nobody on it.
static WORLD: LazyLock<World> = LazyLock::new(|| World::boot("look"));

/// Who is on the network from the beginning.
struct Town {
    /// Quotes 0.3 BTC at 60,100 and 0.2 BTC at 59,900; sold 0.1 BTC of the former. Has 500 USDC in the insurance fund.
    maker: Trader,
    /// Bought 0.1 BTC at 60,100 and bids for 0.05 BTC at 59,000.
    taker: Trader,
}

static TOWN: LazyLock<Town> = LazyLock::new(|| {
    let (maker, taker) = (depositor(100_000), depositor(10_000));
    does(&maker, "place BTC sell 0.3 BTC @ 60,100 --post-only");
    does(&maker, "place BTC buy 0.2 BTC @ 59,900 --post-only");
    does(&taker, "place BTC buy 0.1 BTC @ 60,100 --ioc");
    does(&taker, "place BTC buy 0.05 BTC @ 59,000 --post-only --client-id 77");
    does(&maker, "stake 500 USDC");
    Town { maker, taker }
});

/// Somebody new with so many whole USDC in a margin account.
fn depositor(usdc: u64) -> Trader {
    let trader = WORLD.wallet(usdc);
    does(&trader, "deposit all USDC");
    trader
}

/// What somebody's command answers in JSON.
#[track_caller]
fn does(who: &Trader, words: &str) -> Value {
    WORLD.says(who, &format!("{words} --json")).json()
}

/// What it says to people.
#[track_caller]
fn text(who: &Trader, words: &str) -> String {
    WORLD.says(who, words).text()
}

/// A decimal string, as a number to compare with.
#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no decimal"))
}

#[test]
fn markets_tell_price_open_interest_and_mode() {
    let told = does(&TOWN.taker, "markets");
    let btc = &told["markets"][0];
    for (field, expected) in [
        ("market", json!("BTC-PERP")),
        ("mode", json!("open")),
        ("index", json!("60000")),
        ("stable", json!("60000")),
        ("price", json!("valid")),
        ("open_interest", json!("0.1")),
        ("open_interest_quote", json!("6000")),
        ("deficit", json!("0")),
        ("haircut", json!("1")),
        ("breaker_seconds", Value::Null),
    ] {
        assert_eq!(btc[field], expected, "{field}");
    }
    let table = text(&TOWN.taker, "markets");
    assert!(table.contains("60,000") && table.contains("0.1 BTC") && table.lines().count() == 4, "{table}");
}

#[test]
fn banks_tell_deposits_and_rates() {
    let told = does(&TOWN.taker, "banks");
    let usdc = &told["banks"][0];
    assert_eq!((usdc["bank"].as_str(), usdc["state"].as_str()), (Some("USDC"), Some("open")));
    assert!(number(&usdc["deposits"]) >= 109_500.0 && usdc["borrows"] == "0", "{usdc}");
    assert_eq!(usdc["borrow_cap"], "unlimited");
    assert_eq!(told["banks"].as_array().map(Vec::len), Some(4));
    assert!(text(&TOWN.taker, "banks").contains("unlimited"));
}

#[test]
fn a_book_shows_the_best_prices_where_they_meet() {
    let told = does(&TOWN.taker, "book btc");
    assert_eq!(told["market"], "BTC-PERP");
    assert_eq!(told["asks"], json!([{"price": "60100", "size": "0.2", "total": "0.2", "orders": 1}]));
    let bids = json!([
        {"price": "59900", "size": "0.2", "total": "0.2", "orders": 1},
        {"price": "59000", "size": "0.05", "total": "0.25", "orders": 1},
    ]);
    assert_eq!(told["bids"], bids);
    let one = does(&TOWN.taker, "book BTC-PERP --depth 1");
    assert_eq!(one["bids"].as_array().map(Vec::len), Some(1));
    let table = text(&TOWN.taker, "book BTC-PERP");
    let at = |text| table.find(text).unwrap_or_else(|| panic!("no {text} in {table}"));
    assert!(at("60,100") < at("60,000") && at("60,000") < at("59,900"), "{table}");
}

#[test]
fn an_account_is_told_with_its_margin_position_and_orders() {
    let told = does(&TOWN.taker, "account");
    assert_eq!((told["standing"].as_str(), told["number"].as_u64()), (Some("healthy"), Some(0)));
    // 0.1 BTC bought a hundred dollars above the index, and the taker's fee.
    let equity = number(&told["equity"]);
    assert!((9_980.0..9_990.0).contains(&equity), "{equity}");
    let health = |kind: &str| number(&told["margin"][kind]["health"]);
    let kinds = ["withdraw", "initial", "liquidation_end", "maintenance"].map(health);
    assert!(kinds.is_sorted() && kinds[0] > 9_000.0 && kinds[3] < equity, "{kinds:?}");
    let balance = &told["balances"][0];
    assert_eq!((&balance["token"], &balance["amount"]), (&json!("USDC"), &json!("10000")));
    assert!((number(&balance["withdrawable"]) - kinds[0]).abs() < 0.01, "{balance}");
    let position = &told["positions"][0];
    assert_eq!((&position["size"], &position["isolated"]), (&json!("0.1"), &json!(false)));
    assert_eq!(position["liquidation_below"], Value::Null, "0.1 BTC cannot lose 10,000 USDC");
    let order = &told["orders"][0];
    for (field, expected) in [
        ("side", json!("buy")),
        ("price", json!("59000")),
        ("size", json!("0.05")),
        ("client_id", json!("77")),
        ("state", json!("rests")),
    ] {
        assert_eq!(order[field], expected, "{field}");
    }
    let text = text(&TOWN.taker, "account");
    for part in ["healthy: equity 9,98", "BTC-PERP", "59,000"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn anybodys_account_is_told_by_its_address_or_its_owner() {
    let Town { maker, taker } = &*TOWN;
    let told = does(taker, &format!("account {}", maker.account.address));
    let owner = maker.key.pubkey();
    assert_eq!(
        (told["owner"].as_str(), &told["orders"]),
        (Some(&*owner.to_string()), &does(maker, "account")["orders"])
    );
    let positions = does(taker, &format!("positions --owner {owner}"));
    assert_eq!(
        (&positions["positions"][0]["size"], &positions["positions"]),
        (&json!("-0.1"), &told["positions"])
    );
    assert!(number(&positions["positions"][0]["liquidation_above"]) > 60_000.0);
    let orders = does(taker, &format!("orders --owner {owner}"));
    let side = |place: usize| orders["orders"][place]["side"].as_str();
    assert_eq!((side(0), side(1), side(2)), (Some("sell"), Some("buy"), None));
    assert!(text(taker, &format!("positions --owner {owner}")).contains("-0.1 BTC"));
}

#[test]
fn an_account_in_danger_is_told_as_one() {
    let (dealer, eve) = (depositor(100_000), depositor(1_000));
    does(&dealer, "place ETH sell 5 ETH @ 2,500 --post-only");
    does(&eve, "place ETH buy 5 ETH @ 2,500 --ioc");
    let before = does(&eve, "positions")["positions"][0].clone();
    let price = number(&before["liquidation_below"]);
    assert!((2_300.0..2_500.0).contains(&price) && before["in_liquidation"] == false, "{before}");
    // Two dollars below where its liquidation begins.
    WORLD.network.set_time(WORLD.network.now() + 1).expect("time goes on");
    WORLD.publish([PRICES[0], PRICES[1], price as u64 - 2]);
    let told = does(&eve, "account");
    assert_eq!(told["standing"], "liquidation");
    assert!(number(&told["load"]) > 1.0 && number(&told["margin"]["maintenance"]["health"]) < 0.0, "{told}");
    assert_eq!(
        (&told["positions"][0]["in_liquidation"], &told["positions"][0]["distance"]),
        (&json!(true), &json!("0"))
    );
    assert!(text(&eve, "positions").contains("now"));
    let seen = does(&eve, "watch --once");
    assert_eq!((&seen["endangered"], &seen["riskiest"][0]["state"]), (&json!(1), &json!("endangered")));
    assert_eq!(seen["riskiest"][0]["account"], eve.account.address.to_string());
}

#[test]
fn the_insurance_is_told_with_each_markets_part() {
    let told = does(&TOWN.taker, "insurance");
    assert_eq!((told["insolvent"].as_u64(), told["open_deficits"].as_u64()), (Some(0), Some(0)));
    assert_eq!(told["markets"][2]["market"], "SOL-PERP");
    assert!(text(&TOWN.taker, "insurance").starts_with("covers 500 USDC: stakes 500 USDC"));
}

#[test]
fn events_of_the_past_have_names_and_every_field() {
    let taker = &TOWN.taker;
    let of = taker.account.address.to_string();
    let told = text(taker, &format!("events --json --of {of}"));
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    let filled = lines.iter().find(|it| it["event"] == "Ordered" && it["fields"]["filled"] == 1_000);
    let filled = filled.unwrap_or_else(|| panic!("no fill in {told}"));
    let quote = &filled["fields"]["quote"];
    assert_eq!((&filled["market_name"], quote), (&json!("BTC-PERP"), &json!("6010000000")));
    assert_eq!(filled["fields"]["makers"][0]["lots"], 1_000);
    let text = text(taker, &format!("events --of {of}"));
    for part in ["Ordered BTC-PERP", "filled=0.1 BTC", "quote=6,010 USDC"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn a_change_of_a_parameter_is_told_in_its_units() {
    let admin = WORLD.official("deployer");
    does(&admin, "governance propose bank.account_borrow_cap 1,000,000 ETH --bank ETH");
    let told = text(&admin, &format!("events --of {}", admin.key.pubkey()));
    let change = "ParameterChanged ETH bank.account_borrow_cap: unlimited → 1,000,000 ETH\n";
    assert!(told.contains(change), "{told}");
}

#[test]
fn events_are_followed_as_they_happen() {
    let newcomer = WORLD.wallet(100);
    does(&newcomer, "deposit 5 USDC");
    let of = newcomer.account.address.to_string();
    let mut command = WORLD.command(&["events", "--follow", "--limit", "1", "--json", "--of", &of]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let (tell, heard) = mpsc::channel();
    thread::spawn(move || lines.map_while(Result::ok).all(|line| tell.send(line).is_ok()));
    let told = std::iter::from_fn(|| heard.recv_timeout(PATIENCE).ok());
    let told = told.map(|line| serde_json::from_str::<Value>(&line).expect("json"));
    let mut amounts =
        told.filter(|line| line["event"] == "Deposited").map(|line| line["fields"]["amount"].clone());
    // The line of the past says that the subscription stands.
    let past = amounts.next();
    does(&newcomer, "deposit 7 USDC");
    let followed = amounts.next();
    child.kill().and_then(|()| child.wait()).expect("its end");
    assert_eq!([past, followed], [Some(json!("5000000")), Some(json!("7000000"))]);
}

#[test]
fn one_frame_shows_markets_accounts_insurance_and_events() {
    let taker = &TOWN.taker;
    let frame = text(taker, "watch --once --width 160 --height 40");
    let account = taker.account.address.to_string();
    let wanted =
        ["BTC-PERP", "60,000", "riskiest accounts", &account[..4], "insurance: 500 USDC", "Deposited USDC"];
    for part in wanted {
        assert!(frame.contains(part), "no {part:?} in\n{frame}");
    }
    assert_eq!(frame.lines().count(), 40);
    let told = does(taker, "watch --once");
    let loads: Vec<f64> =
        told["riskiest"].as_array().into_iter().flatten().map(|it| number(&it["load"])).collect();
    assert!(loads.len() >= 2 && loads.iter().rev().is_sorted(), "{loads:?}");
    WORLD.says(taker, "watch").refused(2, "watch needs a terminal");
}

#[test]
fn what_is_not_there_is_refused_with_a_code_and_a_reason() {
    let taker = &TOWN.taker;
    WORLD.says(taker, "book DOGE").refused(2, "known are BTC-PERP, ETH-PERP, SOL-PERP");
    WORLD.run(&["account"]).refused(2, "cannot read the keypair /nowhere/id.json");
    let nobody = solana_pubkey::Pubkey::new_from_array([9; 32]);
    WORLD.says(taker, &format!("account {nobody}")).refused(1, "there is no margin account at");
}
