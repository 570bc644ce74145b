# shellcheck shell=bash
# Inventories of the hosts that are up, in Ansible's YAML, from templates in tests/lab/inventories.
#
# inventories/NAME.yaml holds @STATE@, @NET@, @ID@, @MIRROR@, and lines `@hosts USER INDENT FIRST-LAST@`
# which become one entry per host; the result is $STATE/NAME.yaml. inventory.yaml is the one of `lab up`.
write_inventories() {
  local f
  for f in "$LAB_HERE"/inventories/*.yaml; do render_inventory "$f" >"$STATE/${f##*/}"; done
}
render_inventory() { # FILE
  local line words h n
  while IFS= read -r line; do
    if [[ $line =~ ^([[:space:]]*)@hosts\ ([a-z]+)(\ ([0-9]+)-([0-9]+))?@$ ]]; then
      words=("${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-1}" "${BASH_REMATCH[5]:-89}")
      for h in $(hosts); do
        n=$(<"$STATE/hosts/$h/number")
        ((n < words[2] || n > words[3])) || inventory_host "${words[0]}" "${words[1]}" "$h"
      done
    else
      line=${line//@STATE@/$STATE}
      line=${line//@NET@/$NET}
      line=${line//@ID@/$LAB_ID}
      printf '%s\n' "${line//@MIRROR@/http://$NET.1:8081}"
    fi
  done <"$1"
}
inventory_host() { # INDENT USER NAME
  local common="-o UserKnownHostsFile=$STATE/known_hosts -o GlobalKnownHostsFile=/dev/null" b
  printf '%s%s:\n%s  ansible_host: %s\n%s  ansible_user: %s\n' "$1" "$3" "$1" "$(address "$3")" "$1" "$2"
  if [ -e "$STATE/hosts/$3/behind" ]; then
    b=$(<"$STATE/hosts/$3/behind")
    common+=" -o ProxyJump=$2@$(address "$b")"
  fi
  printf '%s  ansible_ssh_common_args: %s\n' "$1" "$common"
}
