//! The program that runs on the host: a POSIX shell loop that reads a request, runs it and
//! prints its sections. It is sent over stdin, so no command line shows more than its name.
//!
//! A request is one header line `BYTES LINES NONCE` and a text of that size whose last line
//! repeats the nonce: half a request, cut by a lost connection, never runs. The text is read by
//! `head -c`, which takes exactly that many bytes with GNU coreutils; busybox's and uutils' read
//! ahead, so there the shell's own `read`, which never does, takes the text line by line.

/// A token of 128 random bits as 32 hex digits.
pub fn nonce() -> Result<String, super::super::ConnectionError> {
    use ring::rand::SecureRandom;
    use std::fmt::Write;
    let mut bytes = [0u8; 16];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| super::super::ConnectionError::Protocol {
            what: "the operating system gave no random bytes".to_owned(),
        })?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The driver's exit code when it leaves its channel to somebody's background process.
pub const LEAVING: i32 = 75;

/// What a channel is started with when nothing is asked before the driver is sent.
pub const LOADER: &str = "IFS= read -r d;eval \"$d\"";

/// As [`LOADER`], saying first that it is there: sudo may or may not ask for a password.
pub fn announcing_loader(token: &str) -> String {
    format!("printf \"\\n%s up\\n\" {token};{LOADER}")
}

/// The driver, one line. Prints `TOKEN hello PID EXACT UID` once it runs, where `EXACT` is `b` if
/// `head -c` does not read ahead.
///
/// Variables that last: `P` the login's own `PATH`, `A` its `LC_ALL`, `S` `setsid` if there is
/// one, `h` whether head is exact, `R` is `1` for root, `nl` a newline. Functions: `o` closes a
/// section of stdout, `e` of both streams, `b` prints the blob and `q` says it came whole.
///
/// After a request that ran programs (`X` is set) the driver looks whether one of them still
/// holds its output: a daemon that forgot to let go would print into later answers. Then it
/// leaves with [`LEAVING`] and the next request opens another channel.
pub fn driver(token: &str) -> String {
    [
        "P=$PATH;PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin;A=${LC_ALL-};export LC_ALL=C;",
        "unset CDPATH;exec 3<&0 </dev/null;nl=$(printf '\\nx');nl=${nl%x};S=;",
        "command -v setsid >/dev/null 2>&1&&S='setsid --';R=0;[ -O / ]&&R=1;",
        "h=$(printf ab|{ head -c 1 >/dev/null;head -c 1;});",
        "o(){ printf '\\n%s %s %s\\n' \"$N\" \"$1\" \"$2\";};e(){ o \"$@\";o \"$@\" >&2;};",
        "b(){ head -c \"$1\" <&3;};q(){ if [ \"$h\" = b ];then IFS= read -r y <&3&&[ \"$y\" = \"$N\" ];",
        "else [ -z \"$1\" ]||[ \"$(wc -c <\"$1\")\" -eq \"$2\" ];fi;};",
        "X=;hd(){ for p in /proc/[0-9]*;do case ${p#/proc/} in $$|$PPID)continue;;esac;",
        "[ $p/fd/1 -ef /proc/$$/fd/1 ]||[ $p/fd/2 -ef /proc/$$/fd/2 ]||continue;return 1;done;:;};",
        &format!("printf '\\n%s hello %s %s\\n' {token} \"$$\" \"${{h:-n}}\";"),
        "while read -r n k N <&3;do if [ \"$h\" = b ];then s=$(head -c \"$n\" <&3);",
        "else s=;while [ \"$k\" -gt 0 ];do IFS= read -r l <&3||exit 3;s=$s$l$nl;k=$((k-1));done;",
        "s=${s%\"$nl\"};fi;case $s in *\"#$N\");;*)exit 3;;esac;",
        "e begin 0;eval \"$s\";e end 0;[ -z \"$X\" ]||{ X=;hd||exit 75;};done\n",
    ]
    .concat()
}

/// A request on the wire, without its blob.
pub fn request(nonce: &str, text: &str) -> String {
    let text = format!("{text}#{nonce}\n");
    let lines = text.matches('\n').count();
    format!("{} {lines} {nonce}\n{text}", text.len())
}
