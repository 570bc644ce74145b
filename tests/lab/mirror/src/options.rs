//! The command line, by hand: five options do not need a parser of their own.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::fault::Rule;

pub const USAGE: &str =
    "usage: lab-mirror --bind ADDR:PORT --root DIR [--fault PATH=FAULT]... [--control FILE]
  Serves DIR/<host>/<path> at http://ADDR:PORT/<host>/<path>; prints `ready http://ADDR:PORT`,
  then one line per request: METHOD PATH STATUS BYTES [FAULT].
  --fault    PATH: <host>/<path> as stored, `*` at its end matches the rest. FAULT: one of
             wrong-digest   one byte of the file is another
             truncated      the length is announced, half is sent, the connection ends
             slow[:BYTES]   BYTES per second (default 65536)
             503            with Retry-After: 1
             `wrong-digest:N`, `truncated:N`, `503:N`: the first N requests only
  --control  a file of such PATH=FAULT lines, read again when it changes; `#` starts a comment.
             It comes before --fault; PATH=none takes a fault away.
  Bind to the lab's bridge address: lab hosts are refused by wildcard listeners.";

/// What the command line asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The folder of `<host>/<path>` files.
    pub root: PathBuf,
    /// Faults given at the start.
    pub faults: Vec<Rule>,
    /// The file that switches faults while the mirror runs.
    pub control: Option<PathBuf>,
}

/// Reads the arguments behind the program's name; the error is what to print.
pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut bind, mut root, mut faults, mut control) = (None, None, Vec::new(), None);
    while let Some(option) = args.next() {
        if matches!(option.as_str(), "--help" | "-h") {
            return Err(USAGE.to_owned());
        }
        let value = args
            .next()
            .ok_or_else(|| format!("lab-mirror: {option} wants a value\n{USAGE}"))?;
        match option.as_str() {
            "--bind" => {
                let address = value
                    .parse()
                    .map_err(|_| format!("lab-mirror: --bind {value}: not ADDR:PORT"))?;
                bind = Some(address);
            }
            "--root" => root = Some(PathBuf::from(value)),
            "--fault" => faults.push(value.parse().map_err(|why| format!("lab-mirror: {why}"))?),
            "--control" => control = Some(PathBuf::from(value)),
            _ => return Err(format!("lab-mirror: unknown option {option}\n{USAGE}")),
        }
    }
    match (bind, root) {
        (Some(bind), Some(root)) => Ok(Options {
            bind,
            root,
            faults,
            control,
        }),
        _ => Err(format!("lab-mirror: --bind and --root are needed\n{USAGE}")),
    }
}
