# shellcheck shell=bash disable=SC2034
# What every part of the lab knows: where things are, which lab this is, and which processes are ours.
#
# Several labs live side by side on one machine; $LAB_ID (0 to 9) tells them apart. Lab 0 owns bridge
# lab0, network 10.231.0.0/24, state /var/lib/nautes-lab; lab 3 owns lab3, 10.231.3.0/24, …-lab-3.
set -euo pipefail

LAB_ID=${LAB_ID:-0}
[[ $LAB_ID =~ ^[0-9]$ ]] || { echo "lab: LAB_ID must be one digit, not '$LAB_ID'" >&2; exit 2; }
LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) # tests/lab
LAB_ROOT=$(cd "$LAB_HERE/../.." && pwd)                   # the checkout
LAB_CACHE=${LAB_CACHE:-/var/cache/nautes-lab}             # outlives runs: images, built programs, locks
LAB_BOOT_LIMIT=${LAB_BOOT_LIMIT:-90}                      # seconds a host may take to be up

lab_settings() { # after LAB_ID changed
  NET=10.231.$LAB_ID BRIDGE=lab$LAB_ID
  STATE=/var/lib/nautes-lab
  [ "$LAB_ID" = 0 ] || STATE+=-$LAB_ID
  export LAB_ID
}
lab_settings

say() { printf 'lab: %s\n' "$*" >&2; }
die() { local rc=$1; shift; say "$*"; exit "$rc"; }

# --- which processes are ours: those in the control groups that lib/in-group made. Membership is
# inherited and cannot be had by chance, so nothing else is ever signalled; a pid is used alone only
# while its start time is the one written down.
started() { # PID: prints when a live (not zombie) process started, in ticks since boot
  local s
  s=$(cat "/proc/$1/stat" 2>/dev/null) && awk '$1 ~ /[ZX]/ {exit 1} {print $20}' <<<"${s##*) }"
}
group_pids() { # NAME: the live processes of a group and of the groups below it
  local d pid
  [ -f "$STATE/groups/$1" ] || return 0
  while read -r d; do
    [ -d "$d" ] || continue
    find "$d" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done <"$STATE/groups/$1" | sort -nu | while read -r pid; do started "$pid" >/dev/null && echo "$pid"; done || true
}
end_group() { # NAME: SIGKILL for all of it, until nobody is left; then the directories go
  local d pids end=$((SECONDS + 30))
  while pids=$(group_pids "$1") && [ -n "$pids" ]; do
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    ((SECONDS < end)) || { say "processes of $1 do not end: $pids"; return 1; }
    sleep 0.05
  done
  [ -f "$STATE/groups/$1" ] || return 0
  for _ in {1..20}; do # a group is busy until its zombies are reaped
    d=''
    while read -r d; do
      [ ! -d "$d" ] || find "$d" -depth -type d -exec rmdir {} \; 2>/dev/null || true
      rmdir "${d%/*}" 2>/dev/null || true # the parent goes with the last group
    done <"$STATE/groups/$1"
    while read -r d; do [ ! -d "$d" ] || continue 2; done <"$STATE/groups/$1"
    rm -f "$STATE/groups/$1"
    return 0
  done
  return 0
}
in_group() { # NAME CMD…: CMD, detached, in a new group of ours
  setsid --fork "$LAB_HERE/lib/in-group" "$STATE" "nautes-lab-$LAB_ID" "$@" 5>&- 7<&- 9>&- # nothing of a run's stays open in it
}
