# shellcheck shell=bash
# The lab's bridge ($NET.1/24) and what hosts may reach through it: only sockets bound to $NET.1 itself.
# No wildcard listener of this machine, none of its other addresses, and no way out; the refusal is
# immediate (ICMP), not a timeout.
net_up() {
  local mac=02:4c:41:42:00:0$LAB_ID
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    ip link add "$BRIDGE" address "$mac" type bridge stp_state 0 forward_delay 0
    echo 1 2>/dev/null >"/proc/sys/net/ipv6/conf/$BRIDGE/disable_ipv6" || true
    ip addr add "$NET.1/24" dev "$BRIDGE"
    ip link set "$BRIDGE" up
  fi
  # The rules match frames sent to the bridge's own MAC: host-to-host frames pass whatever they carry.
  nft -f - <<NFT
table inet nautes_lab_$LAB_ID
delete table inet nautes_lab_$LAB_ID
table inet nautes_lab_$LAB_ID {
  chain pre { type filter hook prerouting priority -300
    iifname "$BRIDGE" ether daddr $mac ip daddr != $NET.1 reject with icmpx admin-prohibited
    iifname "$BRIDGE" ether daddr $mac meta nfproto ipv6 drop
  }
  chain in { type filter hook input priority 0
    iifname "$BRIDGE" meta l4proto { tcp, udp } socket wildcard 1 reject with icmpx admin-prohibited
  }
}
NFT
}
delays_down() { # every delay line, whatever is left of it
  local g l
  for g in "$STATE"/groups/delay*; do [ ! -e "$g" ] || end_group "${g##*/}"; done
  for l in /sys/class/net/"$BRIDGE"d*; do [ ! -e "$l" ] || ip link del "${l##*/}" 2>/dev/null || true; done
}
net_down() {
  delays_down
  ip link del "$BRIDGE" 2>/dev/null || true
  nft delete table inet "nautes_lab_$LAB_ID" 2>/dev/null || true
}
