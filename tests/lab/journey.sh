# shellcheck shell=bash disable=SC2034
# What journeys are written with: run the product, say what must be, look at hosts, break things.
#
# A journey is a bash file in tests/lab/journeys with a head that says what it needs:
#   # needs: hosts=4 bastion kube mirror     (also: python, minors, servers=bao,dex, full-servers=traefik)
#   # time: 300                              seconds it may take in all; 600 if not said
#   # on-demand                              only when named
#   # with-full                              only when named or with --full
#   # alone                                  no other journey runs beside it
# It sources this file, runs in a directory of its own with an empty HOME, and ends with 0, or through
# `fail`, or through `skip`. What it starts is ended with it.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in settings machine base host fault inventory; do
  # shellcheck source=/dev/null
  . "$HERE/lib/$part.sh"
done
export OUT=$PWD/stdout ERR=$PWD/stderr RC=0
MIRROR=http://$NET.1:8081
PASSWORD=$STATE/ops.password
trap 'echo "FAIL: line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
set -E

# What the Rust side of a journey and tests/differential/run are told about the lab.
export LAB_STATE=$STATE NAUTES_LAB_INVENTORY=$STATE/inventory.yaml NAUTES_LAB_USER=ops NAUTES_LAB_KEY=$STATE/id_ed25519 \
  NAUTES_LAB_KNOWN_HOSTS=$STATE/known_hosts NAUTES_LAB_BECOME_PASSWORD_FILE=$PASSWORD NAUTES_LAB_MIRROR=$MIRROR \
  NAUTES_LAB_HOST=$NET.11

# --- saying
step() { printf '\n-- %s (%s s)\n' "$*" "$SECONDS"; }
fail() { trap - ERR; printf 'FAIL: %s\n' "$*"; exit 1; }
skip() { trap - ERR; printf 'SKIP: %s\n' "$*"; exit 77; }
artifacts() { # upstream's manifests and templates, which lie beside a checkout: LAB_ARTIFACTS names their folder; without them the journey skips
  local up
  for up in ../shared ../../shared ../../../shared; do
    [ -n "${LAB_ARTIFACTS:-}" ] || [ ! -d "$LAB_ROOT/$up/mirror" ] || LAB_ARTIFACTS=$LAB_ROOT/$up/mirror
  done
  [ -n "${LAB_ARTIFACTS:-}" ] || skip "no manifests of upstream beside the checkout (LAB_ARTIFACTS=DIR names them)"
  LAB_ARTIFACTS=$(cd "$LAB_ARTIFACTS" && pwd)
}
# --- cases: each ends for itself; the journey goes on, and fails at `tried`
cases=0 cases_failed='' case_rc=0 queue=() queue_at=() queued=0 workers=() host=''
wanted() { [[ $1 == *"${LAB_CASE:-}"* ]]; } # NAME: whether $LAB_CASE, if there is one, is part of it
try() { # [at=HOST,…] NAME FUNCTION…: a case; of those side by side, one that can only be at these hosts
  local at=''
  [[ $1 != at=* ]] || { at=${1#at=} && shift; }
  wanted "$1" || return 0
  cases=$((cases + 1))
  if [ ${#workers[@]} -gt 0 ]; then
    queue[queued]=$(printf '%q ' "$@")
    queue_at[queued]=$at
    queued=$((queued + 1))
    return 0
  fi
  carry_case "$@"
  [ "$case_rc" = 0 ] || cases_failed+=" $1,"
}
carry_case() { # NAME FUNCTION…: sets case_rc
  local name=$1 from=$SECONDS
  shift
  step "$name"
  trap - ERR
  set +e # not `|| case_rc=$?`: behind it nothing in the case would end it
  (trap 'echo "FAIL: line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"; exit 1' ERR; set -eE; "$@")
  case_rc=$?
  set -e
  trap 'echo "FAIL: line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
  if [ "$case_rc" = 0 ]; then printf '   ok: '; else printf '   not ok: '; fi
  printf '%s (%s s)\n' "$name" $((SECONDS - from))
}
# `side_by_side HOST…` before the first `try`: cases wait for `together` or `tried` and then run beside one another,
# the first ones first, each alone with its $host, in a folder of that host. `prepare_host` is called there before the
# first, `heal_host` after each, if the journey has them. A case must touch nothing of the lab but its host.
side_by_side() { workers=("$@"); }
work_off() { # HOST: one case after another that nobody has taken yet
  local i
  host=$1
  mkdir -p "at-$host"
  cd "at-$host"
  OUT=$PWD/stdout ERR=$PWD/stderr
  ! declare -F prepare_host >/dev/null || prepare_host
  for i in "${!queue[@]}"; do
    [[ -z ${queue_at[i]} || ,${queue_at[i]}, = *",$host,"* ]] && mkdir "../case-$i" 2>/dev/null || continue
    {
      eval "carry_case ${queue[i]}"
      ! declare -F heal_host >/dev/null || heal_host
    } >"../case-$i/running" 2>&1
    [ "$case_rc" != 0 ] || : >"../case-$i/passed"
    mv "../case-$i/running" "../case-$i/log"
    { flock 7 && cat "../case-$i/log"; } 7>>../log.lock
  done
}
together() { # all cases so far; returns when they have ended
  local i h words
  for h in "${workers[@]}"; do work_off "$h" & done
  wait
  for i in "${!queue[@]}"; do
    [ ! -e "case-$i/passed" ] || continue
    eval "words=(${queue[i]})"
    cases_failed+=" ${words[0]},"
    cat "case-$i/running" "case-$i/log" 2>/dev/null || true # again, where it is looked for
  done
  queue=() queue_at=()
}
tried() { # the end of a journey with cases
  [ ${#queue[@]} = 0 ] || together
  [ "$cases" -gt 0 ] || fail "no case is called *${LAB_CASE:-}*"
  [ -z "$cases_failed" ] || fail "cases:${cases_failed%,}"
}

# --- the product: stdout in $OUT, stderr in $ERR, exit code in $RC
product() { # ARGS…: run to its end (or $DEADLINE seconds: 300)
  RC=0
  printf '$ nautes-install %s\n' "$*"
  timeout -k 10 "${DEADLINE:-300}" "$NAUTES_INSTALL" "$@" >"$OUT" 2>"$ERR" </dev/null || RC=$?
}
show() { # what the last one printed, for the log
  sed 's/^/   out| /' "$OUT" | tail -n 30
  sed 's/^/   err| /' "$ERR" | tail -n 30
}
expect() { # CODE ARGS…: run the product, which must end with CODE
  local want=$1
  shift
  product "$@"
  [ "$RC" = "$want" ] || { show; fail "nautes-install $1: exit code $RC, not $want"; }
}
says() { grep -aqE -- "$1" "$OUT" "$ERR" || { show; fail "the output does not say: $1"; }; }
silent_about() { ! grep -aqE -- "$1" "$OUT" "$ERR" || { show; fail "the output says: $1"; }; }
recap() { # FIELD: of the recap event, after a run with --output json
  jq -rs "map(select(.event == \"recap\")) | last | $1" "$OUT"
}
unchanged() { # the last run (--output json) changed nothing on any host
  [ "$(recap .changed)" = 0 ] || { show; fail "a run that should change nothing changed $(recap .changed)"; }
}

# --- hosts
on() { ssh_to "$@"; } # [USER@]HOST CMD…
lab() { "$HERE/lab" "$@"; }
fault() { "$HERE/lab" fault "$@"; }
mirror_fault() { # PATH=FAULT…; none: all is well, as far as this $host is concerned
  mkdir -p "$STATE/mirror.faults.of"
  printf '%s\n' "$@" >"$STATE/mirror.faults.of/${host:-all}"
  { flock 7 && cat "$STATE"/mirror.faults.of/* >"$STATE/mirror.faults.new" && mv "$STATE"/mirror.faults{.new,}; } 7>"$STATE/mirror.faults.lock"
}
wait_for() { # SECONDS CMD…: until CMD succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || fail "waited in vain for: $*"
    sleep 0.3
  done
}
when_running() { # PATTERN HOST CMD…: CMD once a process like that runs on the host (looked at from outside)
  local pattern=$1 host=$2 end=$((SECONDS + 60))
  shift 2
  until nsenter -t "$(leader "$host")" -m -p pgrep -f "$pattern" >/dev/null; do
    ((SECONDS < end)) || { echo "   no process like '$pattern' on $host"; return 1; }
    sleep 0.1
  done
  sleep 0.5 # so that its output and its runner are well on their way
  "$@"
}
when_received() { # HOST BYTES CMD…: CMD once the host has received that many more: a large file is on its way
  local count=/sys/class/net/vb-lab$LAB_ID-$1/statistics/tx_bytes until end=$((SECONDS + 60))
  until=$(($(<"$count") + $2))
  shift 2
  while (($(<"$count") < until)); do
    ((SECONDS < end)) || { echo "   the host received less"; return 1; }
    sleep 0.01
  done
  "$@"
}

# --- snapshots: what of a host's disk differs from its image, outside /run, /tmp, /var/log and the records
# of logins; type, owner, mode and content, not times. Read from here, so the host does not notice.
NOT_SEEN='^\./(run|tmp|var/tmp|var/log|var/lib/sudo|var/lib/systemd/(timers|random-seed|timesync|linger)|var/cache/motd-news|etc/resolv\.conf)($|/)|^\./(home/[a-z]+|root)/\.(cache|bash_history|sudo_as_admin_successful)($|/)'
describe() { # DIR: the entries named on stdin (NUL-ended), one line each; those that are not there: none
  local list
  list=$(mktemp)
  cat >"$list"
  (
    cd "$1"
    # shellcheck disable=SC2185
    find -files0-from "$list" -maxdepth 0 -printf '%p\t%y %#m %U:%G %l\n' 2>/dev/null || true
    # shellcheck disable=SC2016
    xargs -0 -r sh -c 'for f; do [ ! -f "$f" ] || [ -L "$f" ] || printf "%s\0" "$f"; done' sh <"$list" |
      xargs -0 -r sha256sum | awk '{h = $1; sub(/^[^ ]+  /, ""); printf "%s\tcontent %s\n", $0, h}'
  ) | sort
  rm -f "$list"
}
snapshot() { # FILE HOST: writes what differs from the image
  local d=$STATE/hosts/$2 list=$1.list base
  base=$(<"$d/lower")
  (cd "$d/upper"; find . -mindepth 1 ! -type c -print0 | grep -zvE "$NOT_SEEN" || true) >"$list"
  comm -23 <(describe "$d/root" <"$list") <(describe "${base##*:}" <"$list") >"$1"
  (cd "$d/upper"; find . -mindepth 1 -type c -print0 | grep -zvE "$NOT_SEEN" | tr '\0' '\n' | sed 's/$/\tdeleted/' || true) >>"$1"
  (cd "$d/disk" && find . -mindepth 2 -maxdepth 2 -printf 'disk %p\n') >>"$1"
  sort -o "$1" "$1"
  rm "$list"
}
same() { # BEFORE AFTER: two snapshots, equal but for lines that match $IGNORE
  diff <(grep -vE "${IGNORE:-^$}" "$1" || true) <(grep -vE "${IGNORE:-^$}" "$2" || true) || fail "${1##*/} and ${2##*/} differ (above)"
}

# --- inventories: render NAME [USER] from tests/lab/inventories-like text on stdin into ./NAME
inventory() { # NAME: a template (see lib/inventory.sh) on stdin
  local t
  t=$(mktemp)
  cat >"$t"
  render_inventory "$t" >"$1"
  rm "$t"
}
