//! The lab's mirror: serves `DIR/<host>/<path>` at `/<host>/<path>` as the original servers would,
//! so that an installer without a route out finds every download under its own URL, and can be
//! given wrong, cut, slow or refused ones while it runs.

mod address;
mod fault;
mod options;
mod reply;
mod request;
mod server;
#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            return ExitCode::from(2);
        }
    };
    match server::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "lab-mirror: {why}");
            ExitCode::from(1)
        }
    }
}
