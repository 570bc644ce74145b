package standin

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// token is k3s's join token: K10<sha256 of the server's CA file>::<user>:<password>, or the password alone.
type token struct{ hash, user, password string }

func parseToken(text string) (token, error) {
	text = strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(text, "K10")
	if !ok {
		if strings.Contains(text, "::") {
			return token{}, fmt.Errorf("token: :: without K10 before it")
		}
		return token{user: "server", password: text}, nil
	}
	hash, rest, ok := strings.Cut(rest, "::")
	user, password, ok2 := strings.Cut(rest, ":")
	if raw, err := hex.DecodeString(hash); !ok || !ok2 || err != nil || len(raw) != sha256.Size || password == "" {
		return token{}, fmt.Errorf("token: not of the form K10<sha256>::<user>:<password>")
	}
	return token{hash, user, password}, nil
}

func (t token) String() string { return "K10" + t.hash + "::" + t.user + ":" + t.password }

// trusts says whether a CA file is the one the token was made for. A short token trusts whatever answers, as in k3s.
func (t token) trusts(ca []byte) bool {
	return t.hash == "" || t.hash == hashOf(ca)
}

func hashOf(ca []byte) string {
	sum := sha256.Sum256(ca)
	return hex.EncodeToString(sum[:])
}

func randomHex(bytes int) string {
	raw := make([]byte, bytes)
	if _, err := rand.Read(raw); err != nil {
		panic(err) // no randomness, no cluster
	}
	return hex.EncodeToString(raw)
}

// settleToken finds the server's password (settings, else the one on disk, else a new one) and writes server/token,
// node-token and agent-token. A token other than the one the data was made with is refused, as by k3s.
func (p paths) settleToken(s *Settings, ca []byte) (token, error) {
	file := p.server("token")
	onDisk, err := os.ReadFile(file)
	old := token{}
	if err == nil {
		if old, err = parseToken(string(onDisk)); err != nil {
			return token{}, fmt.Errorf("%s: %w", file, err)
		}
	} else if !os.IsNotExist(err) {
		return token{}, err
	}
	wanted, err := parseToken(s.get("token", ""))
	if err != nil {
		return token{}, err
	}
	switch {
	case wanted.password == "":
		wanted.password = old.password
	case old.password != "" && old.password != wanted.password:
		return token{}, fmt.Errorf("bootstrap data already found and encrypted with different token (%s has another password than the settings)", file)
	case !wanted.trusts(ca):
		return token{}, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash")
	}
	if wanted.password == "" {
		wanted.password = randomHex(16)
	}
	wanted.hash, wanted.user = hashOf(ca), "server"
	if text := []byte(wanted.String() + "\n"); !bytes.Equal(text, onDisk) {
		if err := writeFile(file, text, 0o600); err != nil {
			return token{}, err
		}
	}
	agents := wanted
	if special := s.get("agent-token", ""); special != "" {
		agents.password = special
	}
	if err := writeFile(p.server("agent-token"), []byte(agents.String()+"\n"), 0o600); err != nil {
		return token{}, err
	}
	for _, link := range []string{"node-token"} {
		_ = os.Remove(p.server(link))
		if err := os.Symlink(file, p.server(link)); err != nil {
			return token{}, err
		}
	}
	return wanted, nil
}
