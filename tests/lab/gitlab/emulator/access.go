package main

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// authenticate finds out who calls and whether what they showed may do this.
func (c *call) authenticate(need rights) error {
	value := c.r.Header.Get("Private-Token")
	if value == "" {
		value = c.text("private_token")
	}
	if bearer, is := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer "); is && value == "" {
		value = bearer
	}
	if value != "" {
		if err := c.identify(value); err != nil {
			return err
		}
	}
	if need == anybody {
		return nil
	}
	if c.who == nil {
		return message(401, "401 Unauthorized")
	}
	if err := c.sudo(); err != nil {
		return err
	}
	if need == administrator && !c.who.Admin {
		return message(403, "403 Forbidden")
	}
	return nil
}

func (c *call) identify(value string) error {
	token := c.st.tokenOf(value)
	if token == nil {
		return message(401, "401 Unauthorized")
	}
	why := ""
	switch {
	case token.Revoked:
		why = "Token was revoked. You have to re-authorize from the user."
	case token.over():
		why = "Token is expired. You can either do re-authorization or token refresh."
	}
	if why != "" {
		return &refusal{401, map[string]any{"error": "invalid_token", "error_description": why}}
	}
	who := c.st.user(token.User)
	if who == nil || who.Blocked != "" {
		return message(403, "403 Forbidden - Your account has been blocked.")
	}
	if !mayScope(token.Scopes, c.r) {
		return &refusal{403, map[string]any{"error": "insufficient_scope",
			"error_description": "The request requires higher privileges than provided by the access token.",
			"scope":             wantedScope(c.r)}}
	}
	now := time.Now().UTC()
	if token.Used == nil || now.Sub(*token.Used) > 10*time.Minute { // GitLab writes it down now and then, too
		token.Used, c.st.dirty = &now, true
	}
	c.who, c.with = who, token
	return nil
}

func wantedScope(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return "api read_api"
	}
	return "api"
}

func mayScope(scopes []string, r *http.Request) bool {
	if contains(scopes, "api") {
		return true
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v4")
	self := path == "/personal_access_tokens/self"
	if contains(scopes, "self_rotate") && (self && r.Method == http.MethodGet || path == "/personal_access_tokens/self/rotate") {
		return true
	}
	if self && r.Method == http.MethodDelete {
		return true
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if contains(scopes, "read_api") {
		return true
	}
	if contains(scopes, "read_user") && (path == "/user" || self || strings.HasPrefix(path, "/users")) {
		return true
	}
	return contains(scopes, "read_repository") && strings.Contains(path, "/repository/files/")
}

// sudo lets an administrator act for somebody else.
func (c *call) sudo() error {
	name := c.r.Header.Get("Sudo")
	if name == "" {
		name = c.text("sudo")
	}
	if name == "" {
		return nil
	}
	if !c.who.Admin {
		return message(403, "403 Forbidden - Must be admin to use sudo")
	}
	if c.with == nil || !contains(c.with.Scopes, "sudo") {
		return &refusal{403, map[string]any{"error": "insufficient_scope",
			"error_description": "The request requires higher privileges than provided by the access token.", "scope": "sudo"}}
	}
	other := c.st.userNamed(name)
	if other == nil {
		id, _ := strconv.ParseInt(name, 10, 64)
		other = c.st.user(id)
	}
	if other == nil {
		return message(404, "404 User with ID or username '"+name+"' Not Found")
	}
	c.who = other
	return nil
}

// page gives one page of a list and the headers that tell of the others.
func page[T any](c *call, all []T, show func(T) any) (int, any, error) {
	size, at := c.number("per_page"), c.number("page")
	if c.has("per_page") && (size < 1 || size > math.MaxInt32) {
		return 0, nil, &refusal{400, map[string]any{"error": "per_page does not have a valid value"}}
	}
	if size == 0 {
		size = 20
	}
	size, at = min(size, 100), max(at, 1)
	pages := max((int64(len(all))+size-1)/size, 1)
	from, to := min((at-1)*size, int64(len(all))), min(at*size, int64(len(all)))
	shown := []any{}
	for _, one := range all[from:to] {
		shown = append(shown, show(one))
	}
	h := c.w.Header()
	link := []string{}
	address := func(number int64, rel string) {
		query := c.r.URL.Query()
		query.Del("private_token")
		query.Set("page", fmt.Sprint(number))
		query.Set("per_page", fmt.Sprint(size))
		link = append(link, fmt.Sprintf("<%s%s?%s>; rel=%q", c.c.URL, c.r.URL.EscapedPath(), query.Encode(), rel))
	}
	next, previous := "", ""
	if at > 1 {
		previous = fmt.Sprint(at - 1)
		address(at-1, "prev")
	}
	if at < pages {
		next = fmt.Sprint(at + 1)
		address(at+1, "next")
	}
	address(1, "first")
	address(pages, "last")
	h.Set("Link", strings.Join(link, ", "))
	for name, value := range map[string]string{"X-Next-Page": next, "X-Prev-Page": previous, "X-Page": fmt.Sprint(at),
		"X-Per-Page": fmt.Sprint(size), "X-Total": fmt.Sprint(len(all)), "X-Total-Pages": fmt.Sprint(pages)} {
		h.Set(name, value)
	}
	return 200, shown, nil
}

// Levels of access.
const (
	guest      = 10
	reporter   = 20
	developer  = 30
	maintainer = 40
	owner      = 50
)

// level is what a user may do with a group, by membership of it or of one above it.
func (st *State) groupLevel(u *User, g *Group) int {
	if u == nil {
		return 0
	}
	if u.Admin {
		return owner
	}
	best := 0
	for ; g != nil; g = st.group(g.Parent) {
		best = max(best, st.memberLevel("group", g.ID, u.ID))
	}
	return best
}

func (st *State) memberLevel(source string, id, user int64) int {
	for _, m := range st.Members {
		if m.Source == source && m.ID == id && m.User == user && (m.Expires == "" || m.Expires > today()) {
			return m.Level
		}
	}
	return 0
}

func (st *State) projectLevel(u *User, p *Project) int {
	if u == nil {
		return 0
	}
	if u.Admin || u.Namespace == p.Namespace {
		return owner
	}
	return max(st.memberLevel("project", p.ID, u.ID), st.groupLevel(u, st.group(p.Namespace)))
}

func seen(u *User, visibility string, level int) bool {
	return level > 0 || visibility == "public" || visibility == "internal" && u != nil && !u.External
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }
