package standin

import (
	"net"
	"os"
)

// notify tells systemd how the unit is doing (Type=notify).
func notify(state string) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		logf("notify: %v", err)
		return
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		logf("notify: %v", err)
	}
}
