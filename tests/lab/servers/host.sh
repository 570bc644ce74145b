# shellcheck shell=sh disable=SC2154,SC2164
# What the start scripts share; it goes before each of them, and both run on the host as root:
#   cat host.sh NAME/start | ssh root@HOST 'cat >/run/start; sh -eu /run/start MIRROR [ARG…] </dev/null'
# /etc/lab-tls gets a CA of the host's own and a certificate of it for the host's name and addresses.
mirror=$1
shift
program() { # NAME: from the mirror into /usr/local/bin, checked
  sum=$(curl -fsS "$mirror/lab.test/servers/$1.sha256")
  curl -fsS -o "/usr/local/bin/.$1" "$mirror/lab.test/servers/$1"
  echo "$sum  /usr/local/bin/.$1" | sha256sum -c --quiet
  chmod 755 "/usr/local/bin/.$1"
  mv "/usr/local/bin/.$1" "/usr/local/bin/$1"
}
packages() { # NAME…: from the lab's apt repository
  mkdir -p /etc/apt/keyrings
  curl -fsS -o /etc/apt/keyrings/lab.asc "$mirror/packages.lab.test/key.asc"
  echo "deb [signed-by=/etc/apt/keyrings/lab.asc] $mirror/packages.lab.test stable main" >/etc/apt/sources.list.d/lab.list
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}
account() { id -u "$1" >/dev/null 2>&1 || useradd --system --home-dir "/var/lib/$1" --create-home --shell /usr/sbin/nologin "$1"; }
certificate() { # USER: who may read the key
  mkdir -p /etc/lab-tls
  cd /etc/lab-tls
  if [ ! -s tls.crt ]; then
    ip=$(ip -4 -o addr show dev host0 | sed -E 's/.* inet ([0-9.]+).*/\1/')
    new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    umask 077
    openssl req -x509 $new -days 30 -keyout ca.key -out ca.crt -subj "/CN=lab CA of $(hostname)" 2>/dev/null
    openssl req $new -keyout tls.key -out tls.csr -subj "/CN=$(hostname)" 2>/dev/null
    echo "subjectAltName=DNS:$(hostname),DNS:localhost,IP:127.0.0.1,IP:$ip" >names
    openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out tls.crt -extfile names 2>/dev/null
    umask 022
    chmod 644 ca.crt tls.crt
  fi
  install -o "$1" -m 400 tls.key "tls.$1.key"
  cd - >/dev/null
}
unit() { # NAME USER COMMAND…
  name=$1 user=$2
  shift 2
  printf '%s\n' '[Unit]' "Description=$name, of the lab" After=network-online.target '[Service]' "User=$user" "ExecStart=$*" \
    Restart=on-failure LimitMEMLOCK=infinity '[Install]' WantedBy=multi-user.target >"/etc/systemd/system/$name.service"
  systemctl daemon-reload
  systemctl -q enable "$name"
  systemctl restart "$name"
}
answers() { # URL: until it answers anything at all, 30 s
  i=0
  until curl -sS -o /dev/null --cacert /etc/lab-tls/ca.crt "$1" 2>/dev/null; do
    i=$((i + 1))
    [ $i -lt 150 ] || { systemctl --no-pager status "$name" >&2; journalctl -u "$name" -n 20 --no-pager >&2; exit 1; }
    sleep 0.2
  done
}
custom() { # FILE CRD…: kinds of objects, until the API knows them
  file=$1 i=0
  shift
  k3s kubectl apply --server-side -f "$file" >/dev/null
  until k3s kubectl wait --for=condition=Established "$@" >/dev/null 2>&1; do # it also fails while there is no status yet
    i=$((i + 1))
    [ $i -lt 100 ] || { k3s kubectl describe "$@" >&2; exit 1; }
    sleep 0.2
  done
}
