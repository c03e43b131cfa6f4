use super::*;

fn report() -> Report {
    let mut report = Report {
        source: "BTC-USD, hourly".into(),
        from: 1_621_382_400,
        until: 1_621_468_800,
        step_seconds: 60,
        seed: 7,
        accounts: 200,
        steps: 1_441,
        quote_decimals: 6,
        flagged: 3,
        bankruptcies: 1,
        ..Report::default()
    };
    report.liquidations.taken_over.add(1_234_567_890_000, 5_000_000);
    report.liquidations.taken_over.add(10_000_000, 500_000);
    report.losses.total = Amount::new(-1);
    report.succeeded("take_over", 21_000);
    report.succeeded("take_over", 19_000);
    report.succeeded("assess", 3_000);
    report.refused("take_over");
    report.vault("So111", 2);
    report.vault("So111", 0);
    report.vault("So111", 1);
    report.hours.push(HourReport {
        unix_time: 1_621_386_000,
        prices: vec![price(Price::from_decimal(4_288_254, -2).unwrap())],
        open_interest: vec![Amount::new(i128::from(u64::MAX) * 4)],
        ..HourReport::default()
    });
    report
}

#[test]
fn the_same_report_gives_the_same_bytes_and_reads_back_as_itself() {
    let json = report().json().unwrap();
    assert_eq!(json, report().json().unwrap());
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report());
}

#[test]
fn json_has_no_floats_and_amounts_are_text() {
    fn check(value: &serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => assert!(!number.is_f64(), "{number} is a float"),
            serde_json::Value::Array(items) => items.iter().for_each(check),
            serde_json::Value::Object(fields) => fields.values().for_each(check),
            _ => {}
        }
    }
    let json = report().json().unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    check(&value);
    assert_eq!(value["liquidations"]["taken_over"]["notional"], "1234577890000");
    assert_eq!(value["hours"][0]["open_interest"][0], "73786976294838206460");
    assert_eq!(value["hours"][0]["prices"][0], "42882.540000");
    assert!(json.find("\"from\"").unwrap() < json.find("\"seed\"").unwrap(), "fields keep their order");
    assert!(serde_json::from_str::<Amount>("\"1.5\"").is_err());
}

#[test]
fn counts_keep_the_most_and_the_furthest() {
    let report = report();
    assert_eq!(report.instructions["take_over"], Cost { count: 2, refused: 1, most_compute_units: 21_000 });
    let [vault] = &report.vaults[..] else { panic!("one vault") };
    assert_eq!([vault.difference, vault.least, vault.most].map(Amount::get), [1, 0, 2]);
    assert_eq!(report.liquidations.taken_over.count, 2);
}

#[test]
fn the_summary_says_what_happened_in_words_and_money() {
    let text = report().to_string();
    assert!(text.starts_with("BTC-USD, hourly, 2021-05-19 00:00 to 2021-05-20 00:00 UTC\n"), "{text}");
    for part in
        ["200 accounts, seed 7, 1,441 steps of 60 s", "1,234,577.89", "5.50", "21,000", "So111  1  0  2"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn amounts_and_prices_are_written_as_people_write_them() {
    assert_eq!(Amount::new(-1_234_567_899_999).in_tokens(6), "-1,234,567.89");
    assert_eq!(Amount::new(999).in_tokens(0), "999.00");
    assert_eq!(Amount::new(0).in_tokens(6), "0.00");
    assert_eq!(decimal(Price::ONE, 0), "1");
    assert_eq!(decimal(Price::new(Price::ONE.get() / 8), 2), "0.13");
    assert_eq!(decimal(Price::from_decimal(12_345, -4).unwrap(), 6), "1.234500");
}
