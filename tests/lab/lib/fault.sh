# shellcheck shell=bash
# What can go wrong with a host, done from outside it. `lab fault NAME …`:
#   link-down | link-up          the cable is pulled and put back (the host sees it)
#   isolate | rejoin             frames vanish, the link stays up
#   drop-ssh                     every session of the host's sshd dies; the listener stays
#   block PORT | unblock         new connections to PORT time out
#   no-way-out                   the host's own connections to the mirror time out; unblock ends it
#   full PATH | read-only PATH | repair PATH   a directory without space; one that refuses writes; undo
#   apt-lock | apt-unlock        a process in the host holds dpkg's lock (its name is unattended-upgr)
#   new-host-key | old-host-key  sshd answers with keys that known_hosts does not have; undo
# `lab delay MS [NAME…]` puts a line of MS round-trip time before hosts (all by default); hosts with the same MS share
# one. `lab delay 0 NAME…` takes these off their lines, `lab delay 0` ends all lines.
cmd_fault() {
  local pid link
  known "${1:-}"
  pid=$(leader "$1") || die 1 "$1 is off"
  link=$(link_of "$1")
  case "${2:-}" in
    link-down) ip link set "$link" down ;;
    link-up) ip link set "$link" up ;;
    isolate) ip link set "$link" nomaster ;;
    rejoin) ip link set "$link" master "$BRIDGE" up ;;
    drop-ssh)
      # shellcheck disable=SC2016
      nsenter -t "$pid" -m -p sh -c 'ps -C sshd -o pid=,args= | grep -v "\[listener\]" | while read -r p _; do kill -KILL $p; done' ;;
    block)
      [[ ${3:-} =~ ^[0-9]+$ ]] || die 2 "block PORT"
      nsenter -t "$pid" -n nft "add table inet lab_fault; add chain inet lab_fault in { type filter hook input priority -10; };
        add rule inet lab_fault in tcp dport $3 drop" ;;
    no-way-out)
      nsenter -t "$pid" -n nft "add table inet lab_fault; add chain inet lab_fault out { type filter hook output priority -10; };
        add rule inet lab_fault out ip daddr $NET.1 tcp flags & (syn|ack) == syn drop" ;;
    unblock) nsenter -t "$pid" -n nft delete table inet lab_fault 2>/dev/null || true ;;
    full | read-only | repair) fault_path "$pid" "$2" "${3:-}" ;;
    apt-lock) fault_apt_lock "$1" ;;
    apt-unlock) ssh_to "$1" 'rm -f /run/lab-apt-lock; systemctl stop lab-apt-lock; systemctl reset-failed lab-apt-lock 2>/dev/null || true' ;;
    new-host-key | old-host-key) fault_host_key "$1" "$pid" "$2" ;;
    *) die 2 "unknown fault: ${2:-(none)}; see the head of tests/lab/lib/fault.sh" ;;
  esac
}
fault_path() { # PID full|read-only|repair PATH: in the host's own mount namespace
  [[ $3 = /* ]] || die 2 "$2 PATH needs an absolute path"
  # shellcheck disable=SC2016
  nsenter -t "$1" -m -p sh -eu -c '
    case $1 in
      full) # what was there stays readable; a page of it is all the space there is
        size=$(du -sk "$2" | cut -f1); t=$(mktemp -d /run/lab-full.XXXXXX)
        mount -t tmpfs -o "size=$((size + 64))k,mode=$(stat -c %a "$2")" lab-full "$t"
        cp -a "$2/." "$t"; cat /dev/zero >"$t/.lab-filler" 2>/dev/null || true
        mount --bind "$t" "$2"; umount "$t"; rmdir "$t" ;;
      read-only) mount --bind "$2" "$2"; mount -o remount,bind,ro "$2" ;;
      repair) umount -l "$2" ;;
    esac' lab-fault "$2" "$3"
}
fault_apt_lock() { # fcntl locks, as apt and dpkg take them; the holder dies with its unit
  # shellcheck disable=SC2016
  ssh_to "$1" systemd-run --quiet --unit=lab-apt-lock --collect perl -e "'"'
    use Fcntl; $0 = "unattended-upgr";
    for (qw(/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock)) {
      open(my $f, ">>", $_) or die "$_: $!";
      my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
      fcntl($f, F_SETLK, $lock) or die "$_: $!";
      push @held, $f;
    }
    open(my $held, ">", "/run/lab-apt-lock");
    sleep 3600;'"'"
  for _ in {1..50}; do
    ! ssh_to "$1" test -e /run/lab-apt-lock || return 0
    sleep 0.1
  done
  die 1 "$1: the lock is not held"
}
fault_host_key() { # NAME PID new-host-key|old-host-key; by nsenter, since SSH itself is what changes
  # shellcheck disable=SC2016
  nsenter -t "$2" -m -p sh -eu -c '
    cd /etc/ssh
    case $1 in
      new-host-key) mkdir .lab-kept; mv ssh_host_*_key* .lab-kept; ssh-keygen -q -t ed25519 -N "" -f ssh_host_ed25519_key ;;
      old-host-key) rm ssh_host_*; mv .lab-kept/* .; rmdir .lab-kept ;;
    esac
    systemctl restart ssh' lab-fault "$3"
}

cmd_delay() { # MS [NAME…]: a user-space delay line (kernels without sch_netem) between hosts and the bridge
  local ms=${1:-} h l far named=$(($# - 1))
  [[ $ms =~ ^(0|[1-9][0-9]{0,3})$ ]] || die 2 "delay MS [NAME…]"
  shift
  # shellcheck disable=SC2046
  [ $# -gt 0 ] || set -- $(hosts)
  for h; do known "$h"; done
  far=${BRIDGE}d$ms
  if [ "$ms" = 0 ] || [ "$named" = 0 ]; then
    for h; do ! ip link show "$(link_of "$h")" >/dev/null 2>&1 || ip link set "$(link_of "$h")" master "$BRIDGE"; done
    if [ "$named" = 0 ]; then delays_down; else
      # the bridge would go on looking for them behind their line; one that is just being laid knows nobody yet
      for l in /sys/class/net/"$BRIDGE"d*n; do [ ! -e "$l/brport" ] || ip link set "${l##*/}" type bridge_slave fdb_flush; done
    fi
    [ "$ms" != 0 ] || return 0
  fi
  (
    flock 8 # the line may be wanted for two hosts at once
    ip link show "$far" >/dev/null 2>&1 || delay_line "$ms" "$far"
  ) 8>"$STATE/delay.lock" 9>&-
  for h; do ip link set "$(link_of "$h")" master "$far"; done
}
delay_line() { # MS BRIDGE
  ip link add "$2" type bridge stp_state 0 forward_delay 0
  ip link set "$2" up
  in_group "delay$1" "$(netdelay)" "${2}n" "${2}f" "$1" </dev/null 8>&- >>"$STATE/delay.log" 2>&1
  for _ in {1..50}; do ip link show "${2}f" >/dev/null 2>&1 && break; sleep 0.05; done
  ip link set "${2}n" master "$BRIDGE" up
  ip link set "${2}f" master "$2" up
}
netdelay() { # prints the built program
  local bin
  bin=$LAB_CACHE/netdelay-$(sha256sum "$LAB_HERE/lib/netdelay.c" | cut -c1-16)
  [ -x "$bin" ] || { cc -O2 -Wall -o "$bin.$$" "$LAB_HERE/lib/netdelay.c" && mv "$bin.$$" "$bin"; }
  echo "$bin"
}
