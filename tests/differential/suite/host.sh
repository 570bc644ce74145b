# Before any case: the web server of suite/server.py, an apt repository of the suite's own on the host,
# packages and units in the state that the cases find them in.
if ! systemctl -q is-active differential-http; then
  printf '%s' "$SERVER" | base64 -d >/usr/lib/differential-server.py
  systemd-run -q --unit=differential-http python3 /usr/lib/differential-server.py 8099
fi

repository() { # a git repository in ./r with one commit that has the same hash every time; goes there
  export GIT_COMMITTER_DATE=2001-01-01T00:00:00Z GIT_AUTHOR_DATE=2001-01-01T00:00:00Z
  git init -q -b main r
  cd r
  git config user.email a@b.c
  git config user.name n
  echo 1 >a
  git add a
  git commit -q -m one
}

# --- packages: da-NAME in versions 1.0 and 2.0; da-user needs da-lib; da-conf has a configuration file
packages=/var/lib/differential-apt
export SOURCE_DATE_EPOCH=981173106
package() { # NAME VERSION [DEPENDS]
  local tree=$packages/tree
  rm -rf $tree
  mkdir -p $tree/DEBIAN $tree/usr/share/$1
  echo "$2" >$tree/usr/share/$1/version
  printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Lab <lab@example.invalid>\nDescription: for the differential suite\n' "$1" "$2" >$tree/DEBIAN/control
  [ -z "${3:-}" ] || echo "Depends: $3" >>$tree/DEBIAN/control
  if [ "$1" = da-conf ]; then mkdir $tree/etc; echo x >$tree/etc/da-conf.conf; echo /etc/da-conf.conf >$tree/DEBIAN/conffiles; fi
  dpkg-deb --root-owner-group -b $tree "$packages/$1_$2_all.deb" >/dev/null
}
index() {
  local deb
  cd $packages
  for deb in *.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
  done >Packages
  cd /
}
there=(da-same=2.0 da-latest=1.0 da-latest-same=2.0 da-absent=2.0 da-purge=2.0 da-conf=2.0 da-user=2.0 da-down=2.0 da-down-not=2.0 da-held=1.0 da-held-too=1.0 da-up=1.0)
if [ ! -e $packages/Packages ]; then
  mkdir -p $packages
  for name in new version same latest latest-same absent absent-same purge conf one two glob-a glob-b package lib down down-not held held-too up up-not file; do
    package da-$name 1.0
    package da-$name 2.0
  done
  package da-user 2.0 'da-lib (>= 1.0)'
  index
fi
rm -rf /etc/apt/sources.list.d/* /etc/apt/sources.list /etc/da-conf.conf /etc/machine-info; mkdir -p /etc/apt/keyrings
echo "deb [trusted=yes] file:$packages ./" >/etc/apt/sources.list.d/differential.list
echo 'deb [signed-by=/etc/apt/keyrings/lab.asc] http://packages.none.test stable old' >/etc/apt/sources.list.d/old.list
curl -fsS "$MIRROR/packages.lab.test/key.asc" -o /etc/apt/keyrings/lab.asc
apt-mark -qq unhold da-held da-held-too >/dev/null 2>&1 || true
rm -rf /var/lib/apt/lists
apt-get -qq -o Dir::Etc::SourceList=/etc/apt/sources.list.d/differential.list -o Dir::Etc::SourceParts=- update
gone=$(dpkg-query -W -f '${Package}\n' 'da-*' 2>/dev/null || true)
[ -z "$gone" ] || dpkg --purge --force-depends $gone >/dev/null 2>&1
DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 install "${there[@]}" >/dev/null 2>&1
apt-mark -qq auto da-lib >/dev/null
apt-mark -qq hold da-held da-held-too >/dev/null

# --- units: lab-dNAME.service sleeps
for unit in /etc/systemd/system/lab-d*.service; do
  [ ! -e "$unit" ] && [ ! -L "$unit" ] || { systemctl -q unmask "${unit##*/}"; systemctl -q disable --now "${unit##*/}"; } >/dev/null 2>&1 || true
done
rm -rf /etc/systemd/system/lab-d*
for name in start both same stop again off only after reload-me restart-stopped service service-restart mask-running static-none user-off; do
  printf '[Unit]\nDescription=%s\n[Service]\nExecStart=/bin/sleep infinity\nExecReload=/bin/true\n[Install]\nWantedBy=multi-user.target\n' $name >/etc/systemd/system/lab-d$name.service
done
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/lab-dstatic.service
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/lab-dno-reload.service
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' >/etc/systemd/system/lab-dfails.service
ln -s /dev/null /etc/systemd/system/lab-dmasked.service
systemctl daemon-reload
systemctl reset-failed
systemctl -q enable --now lab-dsame lab-dstop lab-dagain lab-dreload-me lab-dservice-restart lab-dmask-running
systemctl -q start lab-dno-reload
systemctl -q enable lab-duser-off
