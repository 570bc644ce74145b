# Before any case: the web server of suite/server.py, the lab's apt repository's key, and what cases of
# accounts, packages and units made in an earlier run goes away.
if ! systemctl -q is-active differential-http; then
  printf '%s' "$SERVER" | base64 -d >/usr/lib/differential-server.py
  systemd-run -q --unit=differential-http python3 /usr/lib/differential-server.py 8099
fi
