//! The host protocol in POSIX sh: probes and actions become scripts for a driver that waits on
//! the host; its answers become replies. Shared by ssh and local, which only start programs.

mod action;
mod becoming;
mod channel;
mod driver;
mod frame;
mod host;
mod inbox;
mod kill;
mod look;
mod pipe;
mod pool;
mod probe;
mod quote;
mod reboot;
mod script;

pub use action::NO_DOWNLOADER;
pub use becoming::Method;
pub use frame::{Section, parse_frames};
pub use host::PosixHost;
pub use pipe::{Chunk, DialError, Input, Meter, Output, Pipe, Traffic, Wire};
pub use quote::{quote, words};
