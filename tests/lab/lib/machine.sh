# shellcheck shell=bash
# Can this machine carry the lab, and what has to be installed for it. Looks first, changes after.
LAB_TOOLS=(systemd-nspawn debootstrap nft ip ssh ssh-keygen pgrep apt-ftparchive dpkg-deb gpg cc flock jq)
LAB_PACKAGES=(systemd-container debootstrap nftables iproute2 openssh-client procps apt-utils dpkg-dev
  gnupg gcc libc6-dev util-linux jq)

check_machine() { # exit 3 with one reason, before anything is changed
  local caps
  [ "$(uname -s)" = Linux ] || die 3 "needs Linux (this is $(uname -s)): hosts are systemd-nspawn containers"
  [ "$(id -u)" = 0 ] || die 3 "must run as root: it makes mounts, namespaces and a bridge"
  awk '{n += $3} END {exit n < 65536}' /proc/self/uid_map || die 3 "must run as root of the machine, not of a user namespace: hosts have users of their own"
  caps=$((16#$(awk '/^CapEff/ {print $2}' /proc/self/status)))
  (((caps >> 21) & (caps >> 12) & 1)) || die 3 "needs CAP_SYS_ADMIN and CAP_NET_ADMIN: hosts have mounts and networks of their own"
  grep -qw overlay /proc/filesystems || die 3 "needs overlayfs: this kernel has none (/proc/filesystems)"
  grep -qE '^cgroup2? /sys/fs/cgroup' /proc/mounts || die 3 "needs control groups at /sys/fs/cgroup"
  unshare --mount --pid --net --uts --ipc --cgroup --fork true 2>/dev/null || die 3 "needs new namespaces: the kernel refuses them"
  command -v apt-get >/dev/null || die 3 "needs apt-get (Debian 12): tools and the hosts' packages come from it"
}
check_go() { command -v go >/dev/null || die 3 "needs Go on PATH: the lab builds Kubernetes and its servers from Go modules"; }

install_tools() { # what is missing, by the machine's own apt
  local t missing=''
  for t in "${LAB_TOOLS[@]}"; do command -v "$t" >/dev/null || missing+=" $t"; done
  [ -n "$missing" ] || return 0
  say "installing what is missing:$missing"
  mkdir -p "$LAB_CACHE"
  apt_update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "${LAB_PACKAGES[@]}" \
    >"$LAB_CACHE/apt.log" 2>&1 || { tail -20 "$LAB_CACHE/apt.log" >&2; die 1 "apt-get install failed"; }
}
apt_update() { # once a day is enough, and a fresh machine has no lists
  [ -z "$(find "$LAB_CACHE/apt.updated" -mmin -1440 2>/dev/null)" ] || return 0
  apt-get -qq -o DPkg::Lock::Timeout=300 update >"$LAB_CACHE/apt.log" 2>&1 ||
    { tail -20 "$LAB_CACHE/apt.log" >&2; die 1 "apt-get update failed"; }
  : >"$LAB_CACHE/apt.updated"
}
