# shellcheck shell=bash disable=SC2153
# What journeys download from: the mirror on the bridge address, with the lab's apt repository and, for
# those that need them, Kubernetes and the servers of servers/servers.tsv.
mirror_up() { # [kube] [SERVER…]
  local root=$STATE/mirror bin=${LAB_MIRROR:-$TARGET/release/lab-mirror}
  [ -x "$bin" ] || die 1 "no lab-mirror at $bin"
  mkdir -p "$root"
  if [ "${1:-}" = kube ]; then
    shift
    "$LAB_HERE/mirror/fill" "$root" || die 1 "Kubernetes could not be built for the mirror"
  fi
  [ $# = 0 ] || "$LAB_HERE/servers/publish" "$root" "$@" || die 1 "a server could not be built for the mirror"
  "$LAB_HERE/apt/make-repo" "$STATE/apt" "$root/packages.lab.test" || die 1 "the apt repository could not be made"
  : >"$STATE/mirror.faults"
  in_group mirror "$bin" --bind "$NET.1:8081" --root "$root" --control "$STATE/mirror.faults" \
    </dev/null >>"$STATE/mirror.log" 2>&1
  for _ in {1..100}; do
    ! grep -q '^ready ' "$STATE/mirror.log" || return 0
    sleep 0.05
  done
  tail "$STATE/mirror.log" >&2
  die 1 "the mirror does not answer after 5 s"
}
