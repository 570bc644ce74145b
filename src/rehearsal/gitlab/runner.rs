//! `gitlab-rails runner`: the one script that is understood makes a token for an administrator.
//!
//! Ruby is not simulated: the script is read for the token's name, scopes and days, and anything
//! else is refused, so that another script is never a silent success.

use super::state::{DAY, State, Token};
use crate::rehearsal::network::Response;

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}

/// Runs a script; the status is 200 and the body what it prints, or 500 and what it complains.
pub fn answer(state: &mut State, script: &str) -> Response {
    let made = token(state, script);
    let (status, text) = match made {
        Ok(value) => (200, format!("{value}\n")),
        Err(why) => (500, why),
    };
    Response {
        status,
        body: text.into_bytes(),
        ..Response::default()
    }
}

fn token(state: &mut State, script: &str) -> Result<String, String> {
    let unknown =
        || "the rehearsal's gitlab-rails runner knows only scripts that make a token".to_owned();
    let name = between(script, "name = '", "'").ok_or_else(unknown)?;
    let scopes = between(script, "scopes = %w[", "]").ok_or_else(unknown)?;
    let days = between(script, "expires_at: ", ".day").ok_or_else(unknown)?;
    let days: u64 = days.trim().parse().map_err(|_| unknown())?;
    if !script.contains(".personal_access_tokens.create!(") {
        return Err(unknown());
    }
    let mut admins = state.users.iter();
    let admin = admins.find(|(_, user)| user["is_admin"] == true && user["state"] == "active");
    let user = admin
        .map(|(id, _)| *id)
        .ok_or("there is no administrator")?;
    if script.contains("each(&:revoke!)") {
        let mine = state.tokens.values_mut();
        for token in mine.filter(|token| token.user == user && token.name == name) {
            token.revoked = true;
        }
    }
    let known = super::tokens::SCOPES;
    let scopes = scopes
        .split_whitespace()
        .filter(|scope| known.contains(scope));
    let token = Token {
        name: name.to_owned(),
        user,
        scopes: scopes.map(ToOwned::to_owned).collect(),
        until: Some(state.now / DAY + days),
        ..Token::default()
    };
    Ok(state.token(token).1)
}
