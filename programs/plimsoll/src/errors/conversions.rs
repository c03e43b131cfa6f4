//! What the engine, the book and the oracles' readers refuse, in the program's own words.

use super::Refusal;
use crate::oracle::OracleRefusal;
use plimsoll_book::BookError;
use plimsoll_risk::error::RiskError;

impl From<RiskError> for Refusal {
    fn from(error: RiskError) -> Self {
        match error {
            RiskError::StalePrice { .. } => Self::StalePrice,
            RiskError::StaleMarket { .. } => Self::StaleMarket,
            RiskError::NotEnoughMargin { .. } => Self::NotEnoughMargin,
            RiskError::LowersHealth { .. } | RiskError::LowersEquityRatio { .. } => Self::RaisesRisk,
            RiskError::PublishSpread => Self::PricesTooFarApart,
            RiskError::OldUpdate => Self::PriceNotNewer,
            RiskError::FutureUpdate => Self::PriceFromTheFuture,
            RiskError::PrimaryAlive => Self::FallbackNotNeeded,
            RiskError::OutsideBand => Self::FallbackOutOfBand,
            RiskError::Missing => Self::UnknownBank,
            RiskError::TooMany => Self::TooManyOverlays,
            RiskError::OutflowLimit { .. } => Self::HourlyOutflow,
            RiskError::PriceOutOfRange => Self::OracleOutOfRange,
            RiskError::BadParameter => Self::OutOfBounds,
            RiskError::Overflow => Self::Overflow,
            RiskError::EpochPending { .. } => Self::EpochPending,
        }
    }
}

impl From<BookError> for Refusal {
    fn from(error: BookError) -> Self {
        match error {
            BookError::NotABook => Self::WrongBook,
            BookError::Corrupt => Self::BookCorrupt,
            BookError::Overflow => Self::Overflow,
            BookError::BadOrder => Self::BadOrder,
            BookError::AlreadyExpired => Self::OrderExpired,
            BookError::NothingToReduce => Self::NothingToReduce,
            BookError::NoOraclePrice => Self::NoOraclePrice,
            BookError::BeyondPegLimit => Self::BeyondPegLimit,
            BookError::WouldTake => Self::WouldTake,
            BookError::CannotFill => Self::CannotFill,
            BookError::SelfTrade => Self::SelfTrade,
            BookError::BookFull => Self::BookFull,
            BookError::NoSuchOrder => Self::NoSuchOrder,
            BookError::NotExpired => Self::OrderNotExpired,
            BookError::QueueFull => Self::QueueFull,
            BookError::NoSuchFill => Self::NoSuchFill,
        }
    }
}

impl From<OracleRefusal> for Refusal {
    fn from(refusal: OracleRefusal) -> Self {
        match refusal {
            OracleRefusal::WrongOwner => Self::OracleOwner,
            OracleRefusal::WrongDiscriminator => Self::OracleKind,
            OracleRefusal::Truncated => Self::OracleTruncated,
            OracleRefusal::NotFullyVerified => Self::OraclePartiallyVerified,
            OracleRefusal::WrongFeed => Self::OracleWrongFeed,
            OracleRefusal::NonPositivePrice => Self::OracleNonPositive,
            OracleRefusal::TooFewSamples => Self::OracleTooFewSamples,
            OracleRefusal::Undated => Self::OracleUndated,
            OracleRefusal::WritableByAuthority => Self::OracleWritable,
            OracleRefusal::ExponentOutOfRange | OracleRefusal::PriceOutOfRange => Self::OracleOutOfRange,
        }
    }
}
