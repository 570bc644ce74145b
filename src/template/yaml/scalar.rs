//! Which style a text can have in YAML, by libyaml's rules.

use std::sync::LazyLock;

use fancy_regex::Regex;
use minijinja::Value;

use crate::template::convert;

/// Plain texts that YAML 1.1 reads as something else than text (`PyYAML`'s resolver).
static MEANINGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:",
        r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        r"|[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?",
        r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?",
        r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*",
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        r"|[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+",
        r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
        r"|<<|=|~|null|Null|NULL",
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}",
        r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}",
        r"(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
        r")\z"
    ))
    .ok()
});

/// Whether a plain text would not be read back as this text.
pub(super) fn means_something(text: &str) -> bool {
    text.is_empty()
        || MEANINGS
            .as_ref()
            .is_some_and(|regex| regex.is_match(text).unwrap_or(true))
}

/// A floating-point number as `PyYAML` represents it.
pub(super) fn float(value: &Value) -> String {
    let number = f64::try_from(value.clone()).unwrap_or(f64::NAN);
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = convert::float(number);
    if !text.contains('.') && text.contains('e') {
        text.replacen('e', ".0e", 1)
    } else {
        text
    }
}

/// What a text allows.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts about a text"
)]
pub(super) struct Analysis {
    pub multiline: bool,
    pub flow_plain: bool,
    pub block_plain: bool,
    pub single_quoted: bool,
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml writes without an escape.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// What came up in a text.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "libyaml's flags, one by one")]
struct Seen {
    block_sign: bool,
    flow_sign: bool,
    breaks: bool,
    special: bool,
    edge: bool,
    break_space: bool,
    space_break: bool,
}

pub(super) fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis {
            multiline: false,
            flow_plain: false,
            block_plain: true,
            single_quoted: true,
        };
    }
    let seen = look(text);
    let plain = !(seen.edge || seen.break_space || seen.space_break || seen.special || seen.breaks);
    Analysis {
        multiline: seen.breaks,
        flow_plain: plain && !seen.flow_sign,
        block_plain: plain && !seen.block_sign,
        single_quoted: !(seen.break_space || seen.space_break || seen.special),
    }
}

fn look(text: &str) -> Seen {
    let mut seen = Seen::default();
    if text.starts_with("---") || text.starts_with("...") {
        seen.block_sign = true;
        seen.flow_sign = true;
    }
    let chars: Vec<char> = text.chars().collect();
    let blank = |c: Option<&char>| c.is_none_or(|c| matches!(c, ' ' | '\t') || is_break(*c));
    let (mut after_blank, mut after_space, mut after_break) = (true, false, false);
    for (index, c) in chars.iter().copied().enumerate() {
        let before_blank = blank(chars.get(index + 1));
        let (first, last) = (index == 0, index + 1 == chars.len());
        signs(&mut seen, c, first, (after_blank, before_blank));
        seen.special |= !is_printable(c) && !is_break(c);
        if c == ' ' {
            seen.edge |= first || last;
            seen.break_space |= after_break;
            (after_space, after_break) = (true, false);
        } else if is_break(c) {
            seen.breaks = true;
            seen.edge |= first || last;
            seen.space_break |= after_space;
            (after_space, after_break) = (false, true);
        } else {
            (after_space, after_break) = (false, false);
        }
        after_blank = blank(Some(&c));
    }
    seen
}

/// Signs that would be read as YAML.
fn signs(seen: &mut Seen, c: char, first: bool, (after_blank, before_blank): (bool, bool)) {
    let both = if first {
        "#,[]{}&*!|>'\"%@`".contains(c) || (c == '-' && before_blank)
    } else {
        c == '#' && after_blank
    };
    let flow = if first {
        "?:".contains(c)
    } else {
        ",?[]{}:".contains(c)
    };
    let block = before_blank && (c == ':' || (first && c == '?'));
    seen.flow_sign |= both || flow;
    seen.block_sign |= both || block;
}
