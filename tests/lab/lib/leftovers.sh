# shellcheck shell=bash disable=SC2153
# What the lab must not leave behind but its cache: looked for at the end of every run.
leftovers() { # prints one line for each thing of this lab that still exists
  local p l
  for p in /proc/[0-9]*; do
    ! grep -qs "/nautes-lab-$LAB_ID/" "$p/cgroup" || ! started "${p#/proc/}" >/dev/null ||
      echo "process ${p#/proc/}: $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null | cut -c1-100)"
  done
  awk -v s="$STATE" '$5 == s || index($5, s "/") == 1 {print "mount " $5}' /proc/self/mountinfo
  find /sys/fs/cgroup -type d -name "nautes-lab-$LAB_ID" 2>/dev/null | sed 's/^/control group /'
  for l in /sys/class/net/*; do
    l=${l##*/}
    case $l in "$BRIDGE" | "$BRIDGE"[dnf]* | "vb-lab$LAB_ID-"*) echo "network link $l" ;; esac
  done
  ! nft list table inet "nautes_lab_$LAB_ID" >/dev/null 2>&1 || echo "nft table nautes_lab_$LAB_ID"
  find /run/netns /run/systemd/nspawn/propagate -maxdepth 1 -name "lab$LAB_ID-*" 2>/dev/null || true
  [ ! -e "$STATE" ] || echo "directory $STATE"
}
dead_runs() { # prints the ids of labs whose run was killed before it could clean up; told by the process, not
  local id dir who pid at # by the lock: a run with another $LAB_CACHE has its lock elsewhere
  for id in {0..9}; do
    dir=/var/lib/nautes-lab
    [ "$id" = 0 ] || dir+=-$id
    { read -r who pid at <"$dir/owner"; } 2>/dev/null || continue
    [ "$who" != run ] || [ "$(started "$pid" || true)" = "$at" ] || echo "$id"
  done
}
