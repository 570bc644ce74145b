# shellcheck shell=bash disable=SC2154
# What journeys share that put a tenant's charts on a real cluster: stand-ins for the images, the CA that webhooks are
# signed with in place of their controllers, what is chosen of a release. Sourced behind journey.sh, in the journey's
# directory. Sets LAB_ARTIFACTS (upstream's manifests; the journey skips where there are none), charts, CA.
artifacts
ROOT=$(cd "$HERE/../.." && pwd)
kc() { on host1 k3s kubectl "$@"; }
run() { # CODE VERB OPTION…
  local code=$1 verb=$2
  shift 2
  expect "$code" "$verb" -i "$STATE/tenant.yaml" --become-password-file "$PASSWORD" --artifacts "$LAB_ARTIFACTS" "$@"
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj "/CN=stand-ins of the lab" -days 30 2>/dev/null
cat ca.crt ca.key >ca.pem
CA=$(base64 -w0 <ca.crt)

charts_of() { sed -n '/^charts:/,/^[a-z]/s/^  \([a-z0-9-]*\):.*/\1/p' "$ROOT/playbooks/releases/$1.yaml"; }
objects() { # RELEASE KUBERNETES: every object of its charts, but for those that do not work with it
  local chart values number=${2#v}
  for chart in $(charts_of "$1"); do
    [[ " $unfit " != *" $chart "* ]] || continue
    values=()
    [ ! -e "$ROOT/tests/charts/$chart.yaml" ] || values=(--values "$ROOT/tests/charts/$chart.yaml")
    "$NAUTES_INSTALL" --output json chart render "$chart" --release "$1" --kubernetes "${number%+*}" --artifacts "$LAB_ARTIFACTS" "${values[@]}"
  done
}
carry_images() { # RELEASE KUBERNETES: stand-ins for its images, on every host before its kubelet starts
  local program host
  program=$("$HERE/kubernetes/build" --where "$2")/standin
  objects "$@" >objects.json
  "$HERE/charts/images" ca.pem <objects.json >images.json
  "$HERE/kubernetes/make-images" "images-$1.tar.gz" "$program" images.json
  for host in $(hosts); do
    on "$host" mkdir -p /var/lib/rancher/k3s/agent/images
    on "$host" "cat >/var/lib/rancher/k3s/agent/images/charts-$1.tar.gz" <"images-$1.tar.gz"
  done
}
# What the components' own controllers would do: without a CA no API server calls a webhook.
sign() {
  local name kind
  while sleep 1; do
    # Argo CD's own init container makes it.
    ! kc get namespace argocd >/dev/null 2>&1 || kc get -n argocd secret argocd-redis >/dev/null 2>&1 ||
      kc create -n argocd secret generic argocd-redis --from-literal=auth=of-the-lab || true
    for kind in validatingwebhookconfiguration mutatingwebhookconfiguration; do
      kc get "$kind" -o json 2>/dev/null | jq -c --arg ca "$CA" '.items[] | select(any(.webhooks[]?; .clientConfig.service and .clientConfig.caBundle != $ca)) |
        [.metadata.name, [.webhooks | to_entries[] | select(.value.clientConfig.service) | {op: "add", path: "/webhooks/\(.key)/clientConfig/caBundle", value: $ca}]]' |
        while read -r one; do
          kc patch "$kind" "$(jq -r '.[0]' <<<"$one")" --type=json -p "'$(jq -c '.[1]' <<<"$one")'" || true
        done
    done
    kc get crd -o json 2>/dev/null | jq -c --arg ca "$CA" '.items[] | select(.spec.conversion.webhook.clientConfig.service and .spec.conversion.webhook.clientConfig.caBundle != $ca) | .metadata.name' -r |
      while read -r name; do
        kc patch crd "$name" --type=json -p "'[{\"op\":\"add\",\"path\":\"/spec/conversion/webhook/clientConfig/caBundle\",\"value\":\"$CA\"}]'" || true
      done
  done
}
# Everything in the API but what the server and its controllers make by themselves.
everything() {
  kc api-resources --verbs=list -o name | grep -vE '^(events|leases|endpoints|endpointslices|pods|replicasets|controllerrevisions|componentstatuses|ipaddresses|apiservices|nodes|csinodes|flowschemas|prioritylevelconfigurations)' |
    paste -sd, | { read -r kinds; kc get "$kinds" -A -o json --ignore-not-found 2>/dev/null; } |
    jq -r '.items[] | "\(.kind) \(.metadata.namespace // "") \(.metadata.name)"' | sort
}

settings_of() { # RELEASE KUBERNETES: sets `settings`: every component is taken in, but for those that do not fit
  local chart
  settings=(--set "nautes.release=$1" --set "nautes.components.k3s.version=$2")
  for chart in ${charts//,/ }; do
    if [[ " $unfit " = *" $chart "* ]]; then settings+=(--set "nautes.components.$chart.enabled=false")
    elif grep -q '^  enabled: .*default: false' "$ROOT/playbooks/$chart.yaml"; then settings+=(--set "nautes.components.$chart.enabled=true"); fi
  done
  # GitLab is not here; what Dex is told of it is not asked for until somebody signs in.
  settings+=(--set nautes.components.dex.gitlab_url=https://gitlab.lab.test --set nautes.components.dex.gitlab_client_id=lab --set nautes.components.dex.gitlab_client_secret=of-the-lab)
}
bands() { # RELEASE KUBERNETES: sets `unfit`, by what the product itself says before it touches anything
  unfit=''
  settings_of "$@"
  product validate -i "$STATE/tenant.yaml" --output json "${settings[@]}"
  [ "$RC" = 0 ] || [ "$RC" = 2 ] || { show; fail "validate: exit code $RC"; }
  local one title why number=${2#v}
  while IFS=$'\t' read -r title why; do
    for one in $(charts_of "$1"); do
      grep -qxF "title: ${title% * does not work with *}" "$ROOT/vendor-charts/$one/chart.yaml" || continue
      unfit+=" $one"
      printf '   not on %s: %s %s (%s)\n' "${number%+*}" "$one" "$(release_has "$1" "$one")" "$why"
    done
  done < <(jq -rs '[.. | objects | select(.code? == "chart/kubernetes-version") | [.message, (.why | join("; "))]] | unique[] | @tsv' "$OUT")
  settings_of "$@"
  expect 0 validate -i "$STATE/tenant.yaml" "${settings[@]}"
  printf '   on %s: %s\n' "${number%+*}" "$(for one in $(charts_of "$1"); do [[ " $unfit " = *" $one "* ]] || printf '%s %s, ' "$one" "$(release_has "$1" "$one")"; done | sed 's/, $//')"
}
release_has() { sed -n "/^charts:/,/^[a-z]/s/^  $2: *//p" "$ROOT/playbooks/releases/$1.yaml"; }
recap_lines() { grep -E '^(PLAY RECAP|localhost)' "$OUT" | tail -2; }
# Components that are charts, in the story's order, and what they need below them; others (Vault on its host, the tenant
# repo in GitLab) have journeys of their own.
charts=secrets,$(sed -n 's/^ *- \([a-z0-9-]*\).*/\1/p' "$ROOT/playbooks/tenant.yaml" | while read -r one; do [ ! -d "$ROOT/vendor-charts/$one" ] || echo "$one"; done | paste -sd,)
ground=pki,hosts,k3s,cluster

# Real programs in pods.
debian_root() { # DIR: Debian's git and redis, with what they need and the hosts' image lacks
  "$HERE/servers/publish" "$1.debs" git redis >/dev/null
  local f
  mkdir -p "$1"
  for f in "$1".debs/packages.lab.test/pool/*.deb; do case ${f##*/} in perl*|libperl*|git-man*) ;; *) dpkg-deb -x "$f" "$1" ;; esac; done
}
carry_real() { # LABEL NAME[=CHART-VERSION]…: images of these charts on host1 before its kubelet starts: the lab's programs, else stand-ins
  local label=$1 f one name version programs=() servers=()
  shift
  for one; do
    name=${one%%=*} version=()
    [ "$name" = "$one" ] || version=(--chart-version "${one#*=}")
    [ ! -e "$ROOT/tests/charts/$name.yaml" ] || version+=(--values "$ROOT/tests/charts/$name.yaml")
    "$NAUTES_INSTALL" --output json chart render "$name" "${version[@]}" --kubernetes 1.34.4 --artifacts "$LAB_ARTIFACTS"
    case $name in
      argocd) servers+=(argocd kustomize) ;;
      cert-manager) servers+=(cert-manager cert-manager-webhook cert-manager-cainjector) ;;
      reloader) ;;
      *) servers+=("$name") ;;
    esac
  done >objects.json
  while read -r name f; do
    one=$f/$name
    [ "$name" != cert-manager ] || name=cert-manager-controller # as its image is called
    programs+=("$name=$one")
  done < <("$HERE/servers/build" "${servers[@]}")
  debian_root "$PWD/debian"
  "$HERE/charts/real-images" real.tar.gz "${programs[@]}" "debian=$PWD/debian:$(base_dir)/base" <objects.json >rest
  sed 's/^/   stand-in: /' rest
  "$HERE/charts/images" ca.pem <objects.json | jq --rawfile rest rest '[.[] | select((.ref | test("pause")) or (.ref | IN($rest | split("\n")[])))]' >images.json
  "$HERE/kubernetes/make-images" rest.tar.gz "$("$HERE/kubernetes/build" --where "$label")/standin" images.json
  on host1 mkdir -p /var/lib/rancher/k3s/agent/images
  for f in real rest; do on host1 "cat >/var/lib/rancher/k3s/agent/images/$f.tar.gz" <$f.tar.gz; done
}
carry_nautes() { # LABEL IMAGE: the lab's stand-in for the programs of Nautes under this name, and for the proxy in each of their pods
  local f
  jq -n --arg ref "$2" '[{$ref, user: "65532", commands: ["api-server", "argo-operator", "base-operator", "cluster-operator", "runtime-operator", "webhook"] | map("/bin/\(.)")}]' >nautes.json
  jq -n '[{ref: "registry.k8s.io/kubebuilder/kube-rbac-proxy:v0.8.0", user: "65532", tcp: [8443]}]' >proxy.json
  "$HERE/kubernetes/make-images" nautes.tar.gz "$("$HERE/nautes/build")" nautes.json
  "$HERE/kubernetes/make-images" proxy.tar.gz "$("$HERE/kubernetes/build" --where "$1")/standin" proxy.json
  on host1 mkdir -p /var/lib/rancher/k3s/agent/images
  for f in nautes proxy; do on host1 "cat >/var/lib/rancher/k3s/agent/images/$f.tar.gz" <$f.tar.gz; done
}
coredns() { # LABEL NAME…: CoreDNS as a unit of host1; it waits for the cluster. These names are host1's own
  local coredns ip
  ip=$(address host1)
  # shellcheck source=/dev/null
  coredns=$(dirname "$("$HERE/kubernetes/kubeadm-images" "${1%+*}" "$(. "$HERE/lib/base.sh" && base_dir)/base")")/coredns
  shift
  on host1 'cat >/usr/local/bin/coredns; chmod 755 /usr/local/bin/coredns; mkdir -p /etc/coredns' <"$coredns"
  on host1 'cat >/etc/coredns/Corefile' <<Y
. {
  bind $ip
  errors
  hosts {
    $ip $*
    fallthrough
  }
  kubernetes cluster.local {
    kubeconfig /etc/rancher/k3s/k3s.yaml
  }
}
Y
  on host1 'cat >/etc/systemd/system/coredns.service; systemctl daemon-reload; systemctl -q enable --now coredns' <<U
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/local/bin/coredns -conf /etc/coredns/Corefile
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
U
}
cluster_dns() { # the cluster's DNS address leads to it
  local ip
  ip=$(address host1)
  kc apply -f - <<Y
{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {clusterIP: 10.43.0.10, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]}}
---
{apiVersion: v1, kind: Endpoints, metadata: {name: kube-dns, namespace: kube-system}, subsets: [{addresses: [{ip: $ip}], ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]}]}
Y
}
