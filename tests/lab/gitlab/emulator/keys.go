package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// bare is the kind and the content of a public key; empty if it is none.
func bare(key string) string {
	words := strings.Fields(key)
	kinds := []string{"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com"}
	if len(words) < 2 || !contains(kinds, words[0]) {
		return ""
	}
	body, err := base64.StdEncoding.DecodeString(words[1])
	if err != nil || !strings.Contains(string(body[:min(len(body), 64)]), words[0]) {
		return ""
	}
	return words[0] + " " + words[1]
}

// writeKeys writes the keys that sshd takes for the user `git`: each runs gitlab-shell and nothing else.
func (st *State) writeKeys() error {
	var text strings.Builder
	for _, k := range st.Keys {
		if u := st.user(k.Owner); k.Person && (u == nil || u.Blocked != "") {
			continue
		}
		fmt.Fprintf(&text, "command=\"%s key-%d\",no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty %s\n", shellPath, k.ID, bare(k.Key))
	}
	return writeAsGit(keysFile, []byte(text.String()))
}

func (st *State) key(id int64) *Key {
	for _, k := range st.Keys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

func showKey(k *Key) map[string]any {
	shown := map[string]any{"id": k.ID, "title": k.Title, "key": k.Key, "created_at": k.Created, "expires_at": nil}
	if body, err := base64.StdEncoding.DecodeString(strings.Fields(bare(k.Key) + " x")[1]); err == nil {
		sum := sha256.Sum256(body)
		shown["fingerprint_sha256"] = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	}
	return shown
}

func showDeployKey(k *Key, project int64) map[string]any {
	shown := showKey(k)
	shown["can_push"] = k.Projects[project]
	return shown
}

func (s *server) keys() {
	at := "/projects/{project}/deploy_keys"
	s.api("GET "+at, person, func(c *call) (int, any, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return 0, nil, err
		}
		found := without(c.st.Keys, func(k *Key) bool { _, has := k.Projects[p.ID]; return !has })
		return page(c, found, func(k *Key) any { return showDeployKey(k, p.ID) })
	})
	s.api("GET "+at+"/{key}", person, func(c *call) (int, any, error) {
		k, p, err := c.deployKeyAt()
		if err != nil {
			return 0, nil, err
		}
		return 200, showDeployKey(k, p.ID), nil
	})
	s.api("POST "+at, person, addDeployKey)
	s.api("POST "+at+"/{key}/enable", person, func(c *call) (int, any, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return 0, nil, err
		}
		id, _ := strconv.ParseInt(c.r.PathValue("key"), 10, 64)
		k := c.st.key(id)
		if k == nil || k.Person {
			return 0, nil, missing("Deploy Key")
		}
		if _, has := k.Projects[p.ID]; !has {
			k.Projects[p.ID], c.st.dirty = false, true
		}
		return 201, showDeployKey(k, p.ID), nil
	})
	s.api("PUT "+at+"/{key}", person, func(c *call) (int, any, error) {
		k, p, err := c.deployKeyAt()
		if err != nil {
			return 0, nil, err
		}
		if c.has("title") {
			k.Title = c.text("title")
		}
		if c.has("can_push") {
			k.Projects[p.ID] = c.flag("can_push")
		}
		c.st.dirty = true
		return 200, showDeployKey(k, p.ID), nil
	})
	s.api("DELETE "+at+"/{key}", person, func(c *call) (int, any, error) {
		k, p, err := c.deployKeyAt()
		if err != nil {
			return 0, nil, err
		}
		delete(k.Projects, p.ID)
		c.st.Keys = without(c.st.Keys, func(k *Key) bool { return !k.Person && len(k.Projects) == 0 })
		c.st.dirty = true
		return 204, nil, c.st.writeKeys()
	})
	s.api("GET /deploy_keys", administrator, func(c *call) (int, any, error) {
		return page(c, without(c.st.Keys, func(k *Key) bool { return k.Person }), func(k *Key) any { return showKey(k) })
	})
	s.api("GET /user/keys", person, func(c *call) (int, any, error) {
		return page(c, without(c.st.Keys, func(k *Key) bool { return !k.Person || k.Owner != c.who.ID }), func(k *Key) any { return showKey(k) })
	})
	s.api("POST /user/keys", person, func(c *call) (int, any, error) { return c.addUserKey(c.who) })
	s.api("POST /users/{user}/keys", administrator, func(c *call) (int, any, error) {
		u, err := c.userAt()
		if err != nil {
			return 0, nil, err
		}
		return c.addUserKey(u)
	})
}

func (c *call) deployKeyAt() (*Key, *Project, error) {
	p, err := c.projectAt(maintainer)
	if err != nil {
		return nil, nil, err
	}
	id, _ := strconv.ParseInt(c.r.PathValue("key"), 10, 64)
	if k := c.st.key(id); k != nil {
		if _, has := k.Projects[p.ID]; has {
			return k, p, nil
		}
	}
	return nil, nil, missing("Deploy Key")
}

// newKey checks a key that is given; one that is there already comes back as known.
func (c *call) newKey() (made, known *Key, err error) {
	var lack []string
	for _, name := range []string{"key", "title"} {
		if strings.TrimSpace(c.text(name)) == "" {
			lack = append(lack, name)
		}
	}
	if len(lack) > 0 {
		return nil, nil, lacks(lack...)
	}
	content := bare(c.text("key"))
	if content == "" {
		return nil, nil, message(400, map[string]any{"key": []string{"must be a supported SSH public key."}})
	}
	for _, k := range c.st.Keys {
		if bare(k.Key) == content {
			return nil, k, nil
		}
	}
	return &Key{Owner: c.who.ID, Title: c.text("title"), Key: strings.TrimSpace(c.text("key")), Projects: map[int64]bool{}, Created: time.Now().UTC()}, nil, nil
}

var keyTaken = map[string]any{"fingerprint_sha256": []string{"has already been taken"}}

func addDeployKey(c *call) (int, any, error) {
	p, err := c.projectAt(maintainer)
	if err != nil {
		return 0, nil, err
	}
	k, known, err := c.newKey()
	if err != nil {
		return 0, nil, err
	}
	if known != nil {
		if known.Person {
			return 0, nil, message(400, map[string]any{"deploy_key.fingerprint_sha256": []string{"has already been taken"}})
		}
		// GitLab takes a content once: here it joins the project as it is, or is in it already.
		if _, has := known.Projects[p.ID]; !has {
			known.Projects[p.ID], c.st.dirty = c.flag("can_push"), true
		}
		return 201, showDeployKey(known, p.ID), nil
	}
	k.ID, k.Projects[p.ID] = c.st.next("key"), c.flag("can_push")
	c.st.Keys = append(c.st.Keys, k)
	return 201, showDeployKey(k, p.ID), c.st.writeKeys()
}

func (c *call) addUserKey(u *User) (int, any, error) {
	k, known, err := c.newKey()
	if err != nil {
		return 0, nil, err
	}
	if known != nil {
		return 0, nil, message(400, keyTaken)
	}
	k.ID, k.Person, k.Owner = c.st.next("key"), true, u.ID
	c.st.Keys = append(c.st.Keys, k)
	return 201, showKey(k), c.st.writeKeys()
}
