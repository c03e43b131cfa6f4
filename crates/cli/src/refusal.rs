//! Why a command gives no answer: one line for a person, an exit code for a script.

use std::fmt;

/// A line that is longer than this is cut: it may quote what the file says.
const LONGEST_LINE: usize = 400;

/// Why there is no answer.
#[derive(Debug)]
pub enum Refusal {
    /// The input cannot be read or says something impossible.
    Malformed(String),
    /// The input is in order, but asks for something that is not built yet.
    Unsupported(String),
    /// What is asked for must not or cannot be done.
    Refused(String),
    /// The network, a program on it, or the person asked said no.
    Failed(String),
    /// The answer could not be written.
    Unwritten(String),
}

impl Refusal {
    /// The code that the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unwritten(_) | Self::Failed(_) => 1,
            Self::Malformed(_) => 2,
            Self::Unsupported(_) | Self::Refused(_) => 3,
        }
    }
}

impl fmt::Display for Refusal {
    /// One line, whatever the input had in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, what) = match self {
            Self::Malformed(what) => ("malformed input", what),
            Self::Unsupported(what) => ("not supported yet", what),
            Self::Refused(what) => ("refused", what),
            Self::Failed(what) => ("failed", what),
            Self::Unwritten(what) => ("cannot write", what),
        };
        write!(f, "{kind}: {}", one_line(what))
    }
}

/// The text without anything that could break a line or steer a terminal, cut to a readable length.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars() {
        if line.len() >= LONGEST_LINE {
            line.push('…');
            break;
        }
        if is_plain(character) {
            line.push(character);
        } else {
            line.extend(character.escape_unicode());
        }
    }
    line
}

/// Whether a character stays on its line and shows as itself: no control, separator or direction mark.
fn is_plain(character: char) -> bool {
    let steers = matches!(
        character,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    !character.is_control() && !steers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_whatever_it_quotes() {
        let refusal = Refusal::Malformed("a\nb\u{1b}[31m\u{2028}c".to_owned());
        assert_eq!(refusal.to_string(), "malformed input: a\\u{a}b\\u{1b}[31m\\u{2028}c");
    }

    #[test]
    fn a_long_quotation_is_cut() {
        let line = Refusal::Malformed("é".repeat(100_000)).to_string();
        assert!(line.len() < LONGEST_LINE + 50 && line.ends_with('…'));
    }
}
