//! Why the program refused, out of an error code.

use anchor_lang::error::ERROR_CODE_OFFSET;
use plimsoll::errors::Refusal;

/// The refusal behind a custom error code; `None` for a code of Anchor or of another program.
pub fn refusal(code: u32) -> Option<Refusal> {
    let variant = code.checked_sub(ERROR_CODE_OFFSET)?;
    bytemuck::checked::try_from_bytes::<Refusal>(&variant.to_ne_bytes()).ok().copied()
}

/// The name of a custom error code, for people and logs.
pub fn name(code: u32) -> String {
    refusal(code).map_or_else(|| format!("error {code}"), |refusal| refusal.name())
}

/// What a custom error code means and what to do about it.
pub fn explanation(code: u32) -> Option<String> {
    refusal(code).map(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_refusal_again() {
        let code = u32::from(Refusal::NotEnoughMargin);
        assert_eq!(name(code), "NotEnoughMargin");
        assert!(explanation(code).is_some_and(|text| text.contains("margin")));
    }

    #[test]
    fn codes_of_other_programs_are_no_refusals() {
        assert!(refusal(0).is_none());
        assert!(refusal(ERROR_CODE_OFFSET - 1).is_none());
        assert!(refusal(u32::MAX).is_none());
        assert_eq!(name(1), "error 1");
    }
}
