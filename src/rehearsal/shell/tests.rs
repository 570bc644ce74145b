//! Scripts as installers write them.

use crate::rehearsal::testing::{host, sh};

fn out(script: &str) -> String {
    let (code, out, err) = sh(&host(), script);
    format!(
        "{out}{err}{}",
        if code == 0 {
            String::new()
        } else {
            format!("[{code}]")
        }
    )
}

#[test]
fn lists_pipelines_and_redirections() {
    assert_eq!(out("echo a && echo b; false || echo c"), "a\nb\nc\n");
    assert_eq!(out("printf 'x\\ny\\nx\\n' | sort -u | wc -l"), "2\n");
    assert_eq!(
        out("echo one > /tmp/f; echo two >> /tmp/f; cat /tmp/f"),
        "one\ntwo\n"
    );
    assert_eq!(out("cat /nothing 2>/dev/null || echo none"), "none\n");
    assert_eq!(out("(echo a; echo b >&2) 2>&1 | tr a-z A-Z"), "A\nB\n");
    assert_eq!(out("exit 3"), "[3]");
    assert_eq!(out("! grep -q nobody: /etc/passwd"), "[1]");
}

#[test]
fn variables_quotes_and_substitution() {
    assert_eq!(out("A='x y'; echo $A \"$A\" '$A'"), "x y x y $A\n");
    assert_eq!(out("echo ${NONE:-default} ${HOME}"), "default /root\n");
    assert_eq!(
        out("f=/etc/hosts.conf; echo ${f##*/} ${f%.conf}"),
        "hosts.conf /etc/hosts\n"
    );
    assert_eq!(
        out("echo \"$(echo 'a  b')\" $(echo 'a  b') `echo c`"),
        "a  b a b c\n"
    );
    assert_eq!(out("n=3; echo $((n * 2 + 1))"), "7\n");
    assert_eq!(
        out("set -u; echo $NOPE"),
        "sh: 1: NOPE: parameter not set\n[2]"
    );
}

#[test]
fn conditions_and_loops() {
    assert_eq!(
        out("if [ -f /etc/passwd ]; then echo y; else echo n; fi"),
        "y\n"
    );
    assert_eq!(
        out("for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done"),
        "1\n3\n"
    );
    assert_eq!(
        out("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i"),
        "3\n"
    );
    assert_eq!(out("case abc in x) echo x;; a*|b) echo a;; esac"), "a\n");
    assert_eq!(out("set -e; false; echo never"), "[1]");
    assert_eq!(
        out("set -e; if false; then :; fi; false || true; echo on"),
        "on\n"
    );
    assert_eq!(
        out("f() { echo \"$1-$#\"; return 4; }; f a b; echo $?"),
        "a-2\n4\n"
    );
    assert_eq!(out("set -o pipefail; false | true"), "[1]");
}

#[test]
fn here_documents_and_globs() {
    assert_eq!(
        out("A=1\ncat <<EOF\na $A\nEOF\ncat <<'EOF'\nb $A\nEOF\n"),
        "a 1\nb $A\n"
    );
    assert_eq!(out("cd /etc && echo host*"), "host.conf hostname hosts\n");
    assert_eq!(out("echo /none/*"), "/none/*\n");
}

#[test]
fn what_it_does_not_know_is_said() {
    let estate = host();
    let error = crate::rehearsal::testing::try_sh(&estate, "frobnicate --all").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("frobnicate --all") && text.contains("rehearsal:"),
        "{text}"
    );
    let error = crate::rehearsal::testing::try_sh(&estate, "if true; then").unwrap_err();
    assert!(error.to_string().contains("does not understand"), "{error}");
    assert_eq!(out("jq . /etc/passwd"), "sh: 1: exec: jq: not found\n[127]");
}
