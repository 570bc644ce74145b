//! The program: arguments in, exit code out.

use nautes_install::commands;

fn main() -> std::process::ExitCode {
    // The one crypto provider; whatever speaks TLS before this line would panic.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        return std::process::ExitCode::from(70);
    }
    let code = commands::main(std::env::args_os());
    std::process::ExitCode::from(code as u8)
}
