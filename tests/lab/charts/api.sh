# shellcheck shell=bash disable=SC2034
# What the journeys `upgrades` and `webhooks` share: a real API server on host1, charts applied to it by the product,
# and what is there asked with kubectl.
ROOT=$(cd "$HERE/../.." && pwd)
artifacts
ARTIFACTS=$LAB_ARTIFACTS
kc() { on host1 k3s kubectl "$@"; }

server() { # LABEL [node]: a fresh API server; without `node` nothing runs on it
  on host1 'systemctl stop k3s 2>/dev/null; rm -rf /var/lib/rancher/k3s/server /etc/rancher/k3s; mkdir -p /etc/rancher/k3s'
  on host1 "cd /tmp && curl -sSfO $MIRROR/github.com/k3s-io/k3s/releases/download/${1/+/%2B}/k3s && install -m 755 k3s /usr/local/bin/k3s"
  [ "${2:-}" = node ] || on host1 'echo "disable-agent: true" >/etc/rancher/k3s/config.yaml'
  sed "s/ROLE/server/" "$HERE/kubernetes/k3s.service" | on host1 'cat >/etc/systemd/system/k3s.service; systemctl daemon-reload'
  # Where no kube-proxy runs, addresses of Services lead to this host: nobody listens, as behind kube-proxy.
  [ "${2:-}" = node ] || on host1 'ip route replace local 10.43.0.0/16 dev lo'
  on host1 systemctl enable --now k3s
  [ "${2:-}" != node ] || { wait_for 30 kc get node host1 && kc wait --for=condition=Ready node/host1 --timeout=60s; }
  wait_for 30 kc get serviceaccount default
}

ln -sfn "$ROOT/vendor-charts" vendor-charts
ln -sfn "$ROOT/playbooks" playbooks
cat >chart.yml <<'Y'
- hosts: host1
  become: true
  gather_facts: false
  tasks:
  - name: "{{ chart }} {{ to }}"
    chart:
      name: "{{ chart }}"
      version: "{{ to }}"
      state: "{{ state | default('present') }}"
      wait: false
      wait_timeout: "{{ limit | default(60) }}"
      kubeconfig: /etc/rancher/k3s/k3s.yaml
      values: "{{ settings | default({}) }}"
      definitions: "{{ definitions | default(omit) }}"
Y
play() { # CODE FILE OPTION…
  local code=$1 file=$2
  shift 2
  expect "$code" play -i "$STATE/inventory.yaml" --become-password-file "$PASSWORD" --limit host1 --artifacts "$ARTIFACTS" "$@" "$file"
}
chart() { # CODE CHART VERSION OPTION…
  local code=$1 chart=$2 to=$3
  shift 3
  play "$code" chart.yml -e "chart=$chart" -e "to=$to" "$@"
}
render() { # CHART VERSION: its objects, one a line
  "$NAUTES_INSTALL" --output json chart render "$1" --chart-version "$2" --kubernetes "$MINOR" --content . --artifacts "$ARTIFACTS"
}

# Everything in the API but what the server and its controllers make and change by themselves.
KINDS_NOT='^(events|leases|endpoints|endpointslices|pods|replicasets|controllerrevisions|componentstatuses|ipaddresses|apiservices|nodes|csinodes|flowschemas|prioritylevelconfigurations)'
listed() { # TEMPLATE: of every object, sorted
  local kinds
  kinds=$(kc api-resources --verbs=list -o name 2>/dev/null | grep -vE "$KINDS_NOT" | paste -sd,)
  kc get "$kinds" -A --ignore-not-found -o "go-template='{{range .items}}{{.kind}} {{with .metadata.namespace}}{{.}}/{{end}}{{.metadata.name}}$1{{\"\\n\"}}{{end}}'" | sort
}
names() { listed ''; } # KIND NAMESPACE/NAME, as the product says it
state() { listed ' {{.metadata.uid}} {{if .metadata.generation}}{{.metadata.generation}}{{else}}{{.metadata.resourceVersion}}{{end}}' | grep -v '^Deployment '; } # also how it is; a Deployment's status is its controller's
to_be_removed() { jq -r 'select(.event == "task_result") | .diff[]? | select(.after == "") | .subject' "$OUT" | sort; }
