# shellcheck shell=bash
# Is a secret where it should not be? What a tenant keeps as a secret is looked for, as it is, in base64 at each offset and
# in hex, in what runs printed and kept here, in every file of its hosts, in their logs and in the objects of its cluster.
# Where one may be is tests/canary/allowed.tsv, which `cargo test` reads as well. A secret is told by name and place.
canary_forms() { # NAME: its value on stdin, into canary/NAME; in all forms, one a line
  local value o
  value=$(cat)
  [ "${#value}" -ge 12 ] || return 0
  {
    printf '%s\n' "$value"
    for o in 0 1 2; do # what does not depend on its neighbours
      { head -c "$o" /dev/zero; printf '%s' "$value"; } | base64 -w0 | cut -c$((o + 1 + (o > 0)))-$(((o + ${#value}) * 8 / 6))
    done
    printf '%s' "$value" | od -An -v -tx1 | tr -d ' \n'
    echo
  } >"canary/${1//\//%}"
}
canary_collect() { # STATE HOST: the secrets of the tenant whose first server that is
  local f name
  mkdir -m 700 canary
  for f in "$1"/secrets/*; do
    [[ $f = *.pub ]] || grep -q 'PRIVATE KEY' "$f" || canary_forms "secrets/${f##*/}" <"$f"
  done
  for f in "$1"/pki/*.key; do sed -n 2p "$f" | tr -d '\n' | canary_forms "pki/${f##*/}"; done
  # shellcheck disable=SC2154
  while read -r name; do
    "$NAUTES_INSTALL" secrets show "$name" "${canary_of[@]}" | { n=0; while read -r f; do n=$((n + 1)); printf '%s' "$f" | canary_forms "sealed/$name.$n"; done; }
  done < <("$NAUTES_INSTALL" secrets list "${canary_of[@]}" | grep -v '^secrets\.')
  on "$2" "sed -E 's/.*://' /var/lib/rancher/k3s/server/node-token" | tr -d '\n' | canary_forms k3s/token
  cat canary/* >patterns
  chmod 600 patterns
}
canary_allowed() { # PLACE NAME
  local place secret
  # shellcheck disable=SC2053
  while IFS=$'\t' read -r place secret _; do
    [[ $1 != $place || $2 != $secret ]] || return 0
  done < <(grep -v '^#' "$HERE/../canary/allowed.tsv")
  return 1
}
canary_look() { # PLACE: what is there on stdin; says what is not allowed
  local name seen
  seen=$(mktemp)
  cat >"$seen"
  for name in canary/*; do
    ! grep -aqF -f "$name" "$seen" || { name=${name#canary/}; canary_allowed "$1" "${name//%//}" || echo "   ${name//%//}: $1"; }
  done
  rm "$seen"
}
canary_search() { # STATE HOST…: the first is the cluster's server
  local state=$1 server=$2 f h
  shift
  while read -r f; do canary_look "state/${f#"$state"/}" <"$f"; done < <(grep -rlaF -f patterns "$state" || true)
  for h; do
    # The cluster's own database holds its Secrets; images hold none of ours.
    # shellcheck disable=SC2016
    while read -r f; do on "$h" cat "$f" </dev/null | canary_look "host/$h$f"; done < <(
      on "$h" 'p=$(cat); find / /run /tmp /dev/shm -xdev -type f -newer /etc/hostname -size -50M ! -path "/var/lib/rancher/k3s/server/db/*" ! -path "*/containerd/*" ! -path "/var/log/journal/*" ! -path "/run/log/journal/*" -print0 | xargs -0 grep -laF "$p" --' <patterns || true)
    on "$h" journalctl --no-pager -o cat | canary_look "journal/$h"
  done
  on "$server" HOME=/run k3s kubectl get secrets,configmaps -A -o json | jq -c '.items[]' >objects
  while read -r f; do
    canary_look "kubernetes/$server/$(jq -r '"\(.kind | ascii_downcase)s/\(.metadata.namespace)/\(.metadata.name)"' <<<"$f")" <<<"$f"
  done <objects
}
