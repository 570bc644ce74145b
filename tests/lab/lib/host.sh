# shellcheck shell=bash disable=SC2153
# One lab host: its disk (an overlay of the base), its power, its network name, and how to reach it.
hosts() { [ ! -d "$STATE/hosts" ] || ls -v "$STATE/hosts"; }
address() { echo "$NET.$((10 + $(<"$STATE/hosts/$1/number")))"; }
known() { [[ ${1:-} =~ ^[a-z0-9]+$ && -d $STATE/hosts/$1 ]] || die 2 "no such host: ${1:-(none given)}"; }
link_of() { echo "vb-lab$LAB_ID-$1"; } # the host's cable, on our side; at most 15 characters

supervisor() { # prints the pid of NAME's run-host while it lives
  local pid at
  { read -r pid at <"$STATE/hosts/$1/pid"; } 2>/dev/null && [ "$(started "$pid")" = "$at" ] && echo "$pid"
}
leader() { # prints the pid, as seen from here, of NAME's PID 1
  local sup pid
  sup=$(supervisor "$1") || return 1
  for pid in $(pgrep -P "$(pgrep -P "$sup" | paste -sd, -)" 2>/dev/null); do
    awk '/^NSpid/ {exit !(NF > 2 && $NF == 1)}' "/proc/$pid/status" 2>/dev/null && echo "$pid" && return 0
  done
  return 1
}

# --- disk
declare_host() { # NAME NUMBER [kube] [python] [behind=NAME]: what it will be; nothing runs yet
  local d=$STATE/hosts/$1 n=$2 w
  [[ $1 =~ ^[a-z0-9]{1,7}$ ]] || die 2 "a host's name has 1 to 7 of a-z and 0-9: $1"
  [ ! -e "$d/made" ] || return 0
  shift 2
  mkdir -p "$d"
  echo "$n" >"$d/number"
  lower_dirs >"$d/lower"
  for w; do
    case $w in
      kube) : >"$d/kube" ;;
      python) lower_dirs python >"$d/lower" ;;
      behind=*) echo "${w#*=}" >"$d/behind" ;;
    esac
  done
}
mount_root() {
  local d=$STATE/hosts/$1
  mkdir -p "$d"/{upper,work,root}
  mountpoint -q "$d/root" ||
    mount -t overlay "lab$LAB_ID-$1" -o "lowerdir=$(<"$d/lower"),upperdir=$d/upper,workdir=$d/work" "$d/root"
}
write_etc_hosts() { # NAME: every host of the lab by name, also those that came later
  local r=$STATE/hosts/$1/root h
  { printf '127.0.0.1 localhost\n%s.1 lab\n' "$NET"; for h in $(hosts); do echo "$(address "$h") $h"; done; } >"$r/etc/.hosts"
  if cmp -s "$r/etc/.hosts" "$r/etc/hosts"; then rm "$r/etc/.hosts"; else mv "$r/etc/.hosts" "$r/etc/hosts"; fi
}
make_host() { # NAME: a fresh overlay with its identity
  local r=$STATE/hosts/$1/root home
  mount_root "$1"
  echo "$1" >"$r/etc/hostname"
  write_etc_hosts "$1"
  printf '%s\n' '[Match]' Name=host0 '[Network]' "Address=$(address "$1")/24" "Gateway=$NET.1" \
    LinkLocalAddressing=no IPv6AcceptRA=no >"$r/etc/systemd/network/10-host0.network"
  for home in /root /home/ops /home/deploy; do
    install -D -m 600 "$STATE/id_ed25519.pub" "$r$home/.ssh/authorized_keys"
    chmod 700 "$r$home/.ssh"
    chown -R --reference="$r$home" "$r$home/.ssh"
  done
  printf 'ops:%s\n' "$(<"$STATE/ops.password")" | chroot "$r" chpasswd
  if [ -d "$STATE/hosts/$1/identity" ]; then # kept by `lab reset`
    cp -a "$STATE/hosts/$1"/identity/ssh_host_* "$r/etc/ssh"
    cp -a "$STATE/hosts/$1/identity/machine-id" "$r/etc"
  fi
  [ ! -e "$STATE/hosts/$1/behind" ] || guard_host "$1"
  : >"$STATE/hosts/$1/made"
}
guard_host() { # NAME: the host's own firewall takes no new connection from here, only through its bastion
  local r=$STATE/hosts/$1/root
  printf '%s\n' '#!/usr/sbin/nft -f' 'flush ruleset' 'table inet guard {' \
    '  chain in { type filter hook input priority 0;' \
    "    ip saddr $NET.1 tcp flags & (syn | ack) == syn drop" \
    "    ip saddr != $(address "$(<"$STATE/hosts/$1/behind")") tcp dport 22 drop" '  }' '}' >"$r/etc/nftables.conf"
  chroot "$r" systemctl -q enable nftables.service
}

# --- power
start_host() {
  supervisor "$1" >/dev/null && return 0
  end_group "$1"
  ip link del "$(link_of "$1")" 2>/dev/null || true # orphaned sockets can hold a killed host's namespace
  mount_root "$1"
  rm -f "$STATE/hosts/$1/pid"
  in_group "$1" "$LAB_HERE/lib/run-host" "$STATE" "$1" "lab$LAB_ID-$1" "$BRIDGE" \
    </dev/null >>"$STATE/hosts/$1/console.log" 2>&1
  for _ in {1..100}; do supervisor "$1" >/dev/null && return 0; sleep 0.05; done
  say "$1: no supervisor after 5 s"
}
stop_host() { # power cut: the cable first, or the kernel would say goodbye for the processes that die
  [ -f "$STATE/groups/$1" ] || return 0
  ip link del "$(link_of "$1")" 2>/dev/null || true
  end_group "$1"
  ip link del "$(link_of "$1")" 2>/dev/null || true # it may just have been booting
  rm -f "$STATE/hosts/$1/pid"
}
unmount_host() { # and what nspawn leaves of it in /run
  local d=$STATE/hosts/$1
  rm -f "/run/systemd/nspawn/locks/inode-$(stat -c %d:%i "$d/root" 2>/dev/null)"
  rmdir "/run/systemd/nspawn/propagate/lab$LAB_ID-$1" 2>/dev/null || true
  for _ in {1..40}; do
    mountpoint -q "$d/root" || break
    umount "$d/root" 2>/dev/null || sleep 0.05
  done
  ! mountpoint -q "$d/root" || umount -l "$d/root"
}
erase_host() {
  stop_host "$1"
  unmount_host "$1"
  rm -rf --one-file-system "${STATE:?}/hosts/$1"
}

# --- reaching hosts
ssh_to() { # [USER@]NAME CMD…: root unless USER is given
  local name=${1#*@} user=${1%"${1#*@}"}
  shift
  ssh -F "$STATE/ssh_config" "${user:-root@}$name" -- "$@"
}
write_known() { # host keys are read from the hosts' own disks, never asked over the network
  local h a f t=$STATE/.new$BASHPID # cases side by side may write it at the same time
  : >"$t.known"
  : >"$t.tsv"
  for h in $(hosts); do
    a=$(address "$h") f=$STATE/hosts/$h/root/etc/ssh
    [ ! -d "$STATE/hosts/$h/identity" ] || f=$STATE/hosts/$h/identity # it may be between two disks
    cat "$f"/ssh_host_*_key.pub 2>/dev/null | awk -v h="$h,$a" '{print h, $1, $2}' >>"$t.known" || true
    printf '%s\t%s\t%s\n' "$h" "$a" "$(cat "$STATE/hosts/$h/behind" 2>/dev/null || echo -)" >>"$t.tsv"
  done
  {
    printf '%s\n' '# for people and the lab itself: ssh -F THIS host1' "Host *" "  IdentityFile $STATE/id_ed25519" \
      "  UserKnownHostsFile $STATE/known_hosts" '  GlobalKnownHostsFile /dev/null' '  StrictHostKeyChecking yes' \
      '  IdentitiesOnly yes' '  IdentityAgent none' '  BatchMode yes' '  LogLevel ERROR' '  ConnectTimeout 5'
    for h in $(hosts); do
      printf 'Host %s\n  HostName %s\n' "$h" "$(address "$h")"
      [ ! -e "$STATE/hosts/$h/behind" ] ||
        printf '  ProxyCommand ssh -F %s -W %%h:%%p root@%s\n' "$STATE/ssh_config" "$(<"$STATE/hosts/$h/behind")"
    done
  } >"$t.ssh"
  mv "$t.tsv" "$STATE/hosts.tsv"
  mv "$t.known" "$STATE/known_hosts"
  mv "$t.ssh" "$STATE/ssh_config"
}
wait_ready() { # NAME [OLD-LEADER]: systemd has settled, asked over SSH and checked against the real key
  local end=$((SECONDS + LAB_BOOT_LIMIT)) pid state=''
  while ((SECONDS < end)) && supervisor "$1" >/dev/null; do
    pid=$(leader "$1" || true)
    if [ -n "$pid" ] && [ "$pid" != "${2:-}" ] && [ -s "$STATE/hosts/$1/root/etc/ssh/ssh_host_rsa_key.pub" ]; then
      grep -q "^$1," "$STATE/known_hosts" 2>/dev/null || write_known
      state=$(ssh_to "$1" systemctl is-system-running --wait 2>/dev/null || true)
      case $state in running) return 0 ;; degraded) say "$1 is degraded"; return 0 ;; esac
    fi
    sleep 0.2
  done
  tail -n 20 "$STATE/hosts/$1/console.log" >&2
  die 1 "$1 did not come up (its console is above; state: ${state:-none})"
}
boot_all() { # [NAME…]: these, or all; hosts that are there already learn the new ones' names
  local h
  # shellcheck disable=SC2046
  [ $# -gt 0 ] || set -- $(hosts)
  for h; do
    if [ -e "$STATE/hosts/$h/made" ]; then mount_root "$h"; write_etc_hosts "$h"; else make_host "$h"; fi
    start_host "$h"
  done
  write_known
  # a bastion first: others are reached through it
  for h; do [ -e "$STATE/hosts/$h/behind" ] || wait_ready "$h"; done
  for h; do [ ! -e "$STATE/hosts/$h/behind" ] || wait_ready "$h"; done
  write_known
}
