# shellcheck shell=bash
# The hosts' disk images: made once per content of the scripts that make them, kept in the cache.
base_dir() { # prints where the images of these scripts are
  echo "$LAB_CACHE/base-$(sha256sum <"$LAB_HERE/lib/make-base" | cut -c1-16)"
}
python_dir() { echo "$(base_dir)/python-$(sha256sum <"$LAB_HERE/lib/make-python" | cut -c1-16)"; }
ensure_base() { # [python]: makes what is missing; two labs at once wait for each other
  local dir
  dir=$(base_dir)
  mkdir -p "$dir"
  (
    flock -w 1800 8 || die 1 "another lab has been making the base image for half an hour"
    if [ ! -e "$dir/base/etc/lab-base" ]; then
      prune_bases "$dir"
      say "making the base image (once; about a minute)"
      apt_update
      unmount_below "$dir/base.new"
      "$LAB_HERE/lib/make-base" "$dir/base"
    fi
    if [ "${1:-}" = python ] && [ ! -d "$(python_dir)" ]; then
      say "making the layer with Python (once)"
      apt_update
      unmount_below "$(python_dir).new"
      "$LAB_HERE/lib/make-python" "$dir/base" "$(python_dir)"
    fi
  ) 8>"$LAB_CACHE/base.lock" 9>&-
}
unmount_below() { # DIR: what a debootstrap that was killed left mounted there; nobody removes that
  local at
  awk -v d="$1/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r at; do umount -l "$at"; done
}
prune_bases() { # KEEP: images of older scripts that no mounted host stands on
  local d
  for d in "$LAB_CACHE"/base-*/; do
    d=${d%/}
    [ "$d" = "$1" ] || [ ! -d "$d" ] || grep -qF "lowerdir=$d" /proc/mounts || grep -qF ":$d/" /proc/mounts ||
      { unmount_below "$d/base.new"; rm -rf --one-file-system "$d"; }
  done
}
lower_dirs() { # [python]: the overlay's lowerdir of a host
  local dir
  dir=$(base_dir)
  if [ "${1:-}" = python ]; then echo "$(python_dir)/upper:$dir/base"; else echo "$dir/base"; fi
}
