package main

import (
	"strconv"
	"time"
)

func (t *Token) over() bool {
	// A token does not work on the day that it ends on.
	return !t.Expires.IsZero() && !time.Now().Before(t.Expires)
}

func (st *State) tokenOf(value string) *Token {
	sum := digest(value)
	for _, t := range st.Tokens {
		if t.Digest == sum {
			return t
		}
	}
	return nil
}

// makeToken makes a token and gives its value, which nobody can read again.
func (st *State) makeToken(t *Token) string {
	value := "glpat-" + secret(10)
	t.ID, t.Created, t.Digest = st.next("token"), time.Now().UTC(), digest(value)
	st.Tokens = append(st.Tokens, t)
	return value
}

func showToken(t *Token) map[string]any {
	var ends any
	if !t.Expires.IsZero() {
		ends = t.Expires.Format(time.DateOnly)
	}
	return map[string]any{"id": t.ID, "name": t.Name, "revoked": t.Revoked, "created_at": t.Created, "description": nil,
		"scopes": t.Scopes, "user_id": t.User, "last_used_at": t.Used, "active": !t.Revoked && !t.over(), "expires_at": ends}
}

// scopesOf are those that a token can have in a version.
func scopesOf(v version, admin bool) []string {
	all := []string{"api", "read_api", "read_user", "read_repository", "write_repository"}
	if v.least(16, 0) {
		all = append(all, "create_runner")
	}
	if v.least(17, 9) {
		all = append(all, "self_rotate")
	}
	if admin {
		all = append(all, "sudo")
		if v.least(15, 8) {
			all = append(all, "admin_mode")
		}
	}
	return all
}

func (s *server) tokens() {
	s.api("GET /personal_access_tokens", person, listTokens)
	s.api("GET /personal_access_tokens/{token}", person, func(c *call) (int, any, error) {
		t, err := c.tokenAt()
		if err != nil {
			return 0, nil, err
		}
		return 200, showToken(t), nil
	})
	s.api("DELETE /personal_access_tokens/{token}", person, func(c *call) (int, any, error) {
		t, err := c.tokenAt()
		if err != nil {
			return 0, nil, err
		}
		t.Revoked, c.st.dirty = true, true
		return 204, nil, nil
	})
	s.api("POST /personal_access_tokens/{token}/rotate", person, rotateToken)
	s.api("POST /users/{user}/personal_access_tokens", administrator, createToken)
	s.api("POST /users/{user}/impersonation_tokens", administrator, createToken)
}

// tokenAt is the token of the path; another one's is hidden from who is no administrator.
func (c *call) tokenAt() (*Token, error) {
	if c.r.PathValue("token") == "self" {
		if c.with == nil || c.with.App != 0 {
			return nil, message(400, "400 Bad request - This endpoint requires token type to be a personal access token")
		}
		return c.with, nil
	}
	id, _ := strconv.ParseInt(c.r.PathValue("token"), 10, 64)
	for _, t := range c.st.Tokens {
		if t.ID == id && t.App == 0 && (c.who.Admin || t.User == c.who.ID) {
			return t, nil
		}
	}
	if c.who.Admin {
		return nil, message(404, "404 Not Found")
	}
	return nil, message(401, "401 Unauthorized")
}

func listTokens(c *call) (int, any, error) {
	of := c.who.ID
	if c.has("user_id") {
		of = c.number("user_id")
		if of != c.who.ID && !c.who.Admin {
			return 0, nil, message(401, "401 Unauthorized")
		}
	} else if c.who.Admin {
		of = 0
	}
	found := []*Token{}
	for _, t := range c.st.Tokens {
		active := !t.Revoked && !t.over()
		switch {
		case t.App != 0 || of != 0 && t.User != of:
		case c.text("state") == "active" && !active || c.text("state") == "inactive" && active:
		case c.has("revoked") && c.flag("revoked") != t.Revoked:
		case c.has("search") && t.Name != c.text("search"):
		default:
			found = append(found, t)
		}
	}
	return page(c, found, func(t *Token) any { return showToken(t) })
}

// ends reads the date on which a token ends.
func (c *call) ends(days int) (time.Time, error) {
	text := c.text("expires_at")
	if text == "" {
		if days == 0 && !c.v.least(16, 0) {
			return time.Time{}, nil
		}
		if days == 0 {
			days = 365
		}
		return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days), nil
	}
	ends, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return ends, &refusal{400, map[string]any{"error": "expires_at is invalid"}}
	}
	last := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 365)
	if c.v.least(16, 0) && ends.After(last) {
		return ends, message(422, "Expiration date must be before "+last.AddDate(0, 0, 1).Format(time.DateOnly))
	}
	if ends.Before(time.Now().UTC().Truncate(24 * time.Hour)) {
		return ends, message(422, "Expiration date can't be in the past")
	}
	return ends, nil
}

func createToken(c *call) (int, any, error) {
	u, err := c.userAt()
	if err != nil {
		return 0, nil, err
	}
	scopes := c.list("scopes")
	var lack []string
	if c.text("name") == "" {
		lack = append(lack, "name")
	}
	if !c.has("scopes") {
		lack = append(lack, "scopes")
	}
	if len(lack) > 0 {
		return 0, nil, lacks(lack...)
	}
	for _, scope := range scopes {
		if !contains(scopesOf(c.v, u.Admin), scope) {
			return 0, nil, &refusal{400, map[string]any{"error": "scopes does not have a valid value"}}
		}
	}
	ends, err := c.ends(0)
	if err != nil {
		return 0, nil, err
	}
	t := &Token{User: u.ID, Name: c.text("name"), Scopes: scopes, Expires: ends}
	value := c.st.makeToken(t)
	shown := showToken(t)
	shown["token"] = value
	return 201, shown, nil
}

// rotateToken gives another value and takes the old one back (GitLab 16.0 and newer).
func rotateToken(c *call) (int, any, error) {
	if !c.v.least(16, 0) {
		return 0, nil, &refusal{404, map[string]any{"error": "404 Not Found"}}
	}
	t, err := c.tokenAt()
	if err != nil {
		return 0, nil, err
	}
	if t.Revoked || t.over() {
		return 0, nil, message(400, "400 Bad request - Token already revoked")
	}
	ends, err := c.ends(7)
	if err != nil {
		return 0, nil, err
	}
	t.Revoked = true
	made := &Token{User: t.User, Name: t.Name, Scopes: t.Scopes, Expires: ends}
	value := c.st.makeToken(made)
	shown := showToken(made)
	shown["token"] = value
	return 200, shown, nil
}

// labExpire lets the tokens of a name end yesterday: the lab's hosts have the machine's clock.
func labExpire(args []string) error {
	return locked(func(st *State) error {
		for _, t := range st.Tokens {
			if len(args) == 1 && t.Name == args[0] {
				t.Expires, st.dirty = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1), true
			}
		}
		return nil
	})
}
