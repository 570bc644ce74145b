//! Killing what passed its deadline: everything that descends from a driver's request, and the
//! sessions it made, but not the driver itself.

use std::time::Duration;

use super::channel::Channel;
use super::script::{Function, Script};

/// `kl PID`: walks `/proc` until no further descendant of PID turns up; a process also belongs to
/// the request if it is in a session that a member leads. (`${l##*') '}` drops the program's name,
/// which may contain anything.) All get TERM, and what is left after two seconds gets KILL.
static KILL: Function = Function {
    name: "kl",
    text: r#"al(){ for p in $a;do kill -s 0 "$p"&&return 0;done 2>/dev/null;return 1;}
kl(){ t=$1;a=" $1 ";g=" ";c=1;while [ $c = 1 ];do c=0;for f in /proc/[0-9]*/stat;do
p=${f#/proc/};p=${p%/stat};case $a in *" $p "*)continue;;esac
l=;{ IFS= read -r l <"$f";} 2>/dev/null||[ -n "$l" ]||continue;set -- ${l##*') '}
case $a in *" $2 "*)m=1;;*)m=0;;esac;case $g in *" $4 "*)m=1;;esac
if [ $m = 1 ];then a="$a$p ";c=1;[ "$4" = "$p" ]&&g="$g$4 ";fi;done;done
a=${a#" $t "};[ -n "$a" ]||return 0;kill -s TERM $a 2>/dev/null;i=0
while [ $i -lt 20 ]&&al;do sleep 0.1 2>/dev/null||sleep 1;i=$((i+1));done
for p in $a;do kill -s KILL "$p" 2>/dev/null;done;:;}"#,
    needs: &[],
};

/// Ends the request that runs on `late`, by way of `spare`. Returns whether `late` can be used
/// again: its driver then printed the end of the request.
pub async fn end_request(late: &Channel, spare: &mut Channel) -> bool {
    const PATIENCE: Duration = Duration::from_secs(3);
    let hello = tokio::time::timeout(PATIENCE, late.hello()).await;
    let Ok(Ok(hello)) = hello else { return false };
    if hello.pid < 2 {
        return false;
    }
    let mut script = Script::default();
    script.uses(&KILL);
    script.line(&format!("kl {}", hello.pid));
    let asked = spare.ask(&script, PATIENCE * 4).await;
    asked.is_ok() && late.settle(PATIENCE).await
}
