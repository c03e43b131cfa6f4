use super::*;

const HEADER: &str = "unix_time,symbol,open,high,low,close\n";

fn read(lines: &str, symbols: &[&str], until: i64) -> Result<History, HistoryError> {
    let text = format!("{HEADER}{lines}");
    History::read(text.as_bytes(), symbols, Period { from: 3_600, until })
}

const LINES: &str = "\
0,BTC-USD,1,1,1,1
3600,BTC-USD,7189.43,7190.52,7170.15,7171.55
3600,ETH-USD,129.12,129.12,128.62,128.82
7200,ETH-USD,128.81,130.61,128.76,130.57
7200,BTC-USD,7171.43,7225.0,7171.1,7210.24
";

#[test]
fn hours_come_in_order_with_the_symbols_that_were_asked_for() {
    let history = read(LINES, &["ETH-USD", "BTC-USD"], 10_800).unwrap();
    assert_eq!(history.symbols, ["ETH-USD", "BTC-USD"]);
    assert_eq!(history.period(), Period { from: 3_600, until: 10_800 });
    let [first, second] = &history.hours[..] else { panic!("two hours") };
    assert_eq!((first.unix_time, second.unix_time), (3_600, 7_200));
    assert_eq!(first.candles[1].open, Price::from_decimal(718_943, -2).unwrap());
    assert_eq!(second.candles[0].close, Price::from_decimal(13_057, -2).unwrap());
    assert_eq!(second.candles[1].high, Price::from_decimal(7_225, 0).unwrap());
}

#[test]
fn a_bad_line_is_named_and_says_what_is_wrong() {
    let cases = [
        ("3600,BTC-USD,1,2,1\n", "line 2: CSV error"),
        ("3601,BTC-USD,1,2,1,2\n", "line 2: `3601` is not the start of an hour"),
        ("0,OTHER,1,2,1,2\nsoon,BTC-USD,1,2,1,2\n", "line 3: `soon` is not the start of an hour"),
        ("3600,BTC-USD,1,2,1,2e3\n", "line 2: close `2e3` is not a positive decimal"),
        ("3600,BTC-USD,-1,2,1,2\n", "line 2: open `-1` is not a positive decimal"),
        ("3600,OTHER,1,2,0,2\n", "line 2: low `0` is not a positive decimal"),
        ("3600,BTC-USD,1,99999999,1,2\n", "line 2: high `99999999` is not a positive decimal"),
        ("3600,BTC-USD,.5,2,1,2\n", "line 2: open `.5` is not a positive decimal"),
        ("3600,BTC-USD,3,2,1,2\n", "line 2: open or close lies outside low and high"),
        ("3600,BTC-USD,1,2,1,2\n3600,BTC-USD,1,2,1,2\n", "line 3: this symbol had this hour already"),
    ];
    for (lines, expected) in cases {
        let refusal = read(lines, &["BTC-USD"], 7_200).unwrap_err().to_string();
        assert!(refusal.starts_with(expected), "{lines:?}: {refusal}");
    }
}

#[test]
fn a_file_without_its_header_is_refused() {
    for text in ["", "3600,BTC-USD,1,2,1,2\n", "unix_time,symbol,open,low,high,close\n"] {
        let refusal =
            History::read(text.as_bytes(), &["BTC-USD"], Period { from: 0, until: 3_600 }).unwrap_err();
        assert!(refusal.to_string().starts_with("line 1: the header is"), "{refusal}");
    }
}

#[test]
fn a_gap_is_named_and_never_filled() {
    let missing = |symbol: &str, unix_time| HistoryError::MissingHour { symbol: symbol.into(), unix_time };
    assert_eq!(read(LINES, &["BTC-USD"], 14_400), Err(missing("BTC-USD", 10_800)));
    assert_eq!(read(LINES, &["BTC-USD", "SOL-USD"], 7_200), Err(missing("SOL-USD", 3_600)));
    assert_eq!(
        missing("SOL-USD", 3_600).to_string(),
        "SOL-USD has no prices for 1970-01-01 01:00 UTC (3600)"
    );
    assert_eq!(read(LINES, &[], 7_200), Err(HistoryError::Symbols));
    assert_eq!(read(LINES, &["BTC-USD", "BTC-USD"], 7_200), Err(HistoryError::Symbols));
}

#[test]
fn a_period_ends_with_its_last_day_or_before_a_second() {
    let day = Period::parse("2021-05-19", "2021-05-19").unwrap();
    assert_eq!((day.from, day.until), (1_621_382_400, 1_621_468_800));
    assert_eq!(day.hours().count(), 24);
    assert_eq!(Period::parse("1621382400", "1621468800"), Ok(day));
    for (from, until) in
        [("2021-05-19", "2021-05-18"), ("1621382401", "2021-05-20"), ("soon", "later"), ("0", "0")]
    {
        assert!(Period::parse(from, until).is_err(), "{from} {until}");
    }
}
