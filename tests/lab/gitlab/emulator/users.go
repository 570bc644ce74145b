package main

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var userName = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}$`)

func (st *State) addUser(u *User) *User {
	u.ID, u.Namespace, u.Created = st.next("user"), st.next("namespace"), time.Now().UTC()
	st.Users = append(st.Users, u)
	return u
}

func (st *State) user(id int64) *User {
	for _, u := range st.Users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (st *State) userNamed(name string) *User {
	for _, u := range st.Users {
		if strings.EqualFold(u.Username, name) {
			return u
		}
	}
	return nil
}

func (c *call) showUser(u *User) map[string]any {
	state := "active"
	if u.Blocked != "" {
		state = u.Blocked
	}
	shown := map[string]any{"id": u.ID, "username": u.Username, "name": u.Name, "state": state, "locked": false,
		"avatar_url": nil, "web_url": c.c.URL + "/" + u.Username, "public_email": ""}
	if c.who != nil && (c.who.Admin || c.who.ID == u.ID) {
		for key, value := range map[string]any{"email": u.Email, "commit_email": u.Email, "confirmed_at": u.Created,
			"created_at": u.Created, "external": u.External, "two_factor_enabled": false, "identities": []any{},
			"projects_limit": 100000, "can_create_group": true, "can_create_project": true, "private_profile": false,
			"bot": u.Bot, "bio": "", "last_activity_on": today(), "namespace_id": u.Namespace} {
			shown[key] = value
		}
		if c.who.Admin || c.who.ID == u.ID && u.Admin {
			shown["is_admin"] = u.Admin
		}
	}
	return shown
}

// userAt is the user whose number the path has.
func (c *call) userAt() (*User, error) {
	id, _ := strconv.ParseInt(c.r.PathValue("user"), 10, 64)
	if u := c.st.user(id); u != nil {
		return u, nil
	}
	return nil, missing("User")
}

func (s *server) users() {
	s.api("GET /user", person, func(c *call) (int, any, error) { return 200, c.showUser(c.who), nil })
	s.api("GET /users", person, listUsers)
	s.api("POST /users", administrator, createUser)
	s.api("GET /users/{user}", person, func(c *call) (int, any, error) {
		u, err := c.userAt()
		if err != nil {
			return 0, nil, err
		}
		return 200, c.showUser(u), nil
	})
	s.api("PUT /users/{user}", administrator, editUser)
	s.api("DELETE /users/{user}", administrator, func(c *call) (int, any, error) {
		u, err := c.userAt()
		if err != nil {
			return 0, nil, err
		}
		c.st.dropUser(u)
		return 204, nil, c.st.writeKeys()
	})
	for _, verb := range []string{"block", "unblock", "deactivate", "activate"} {
		s.api("POST /users/{user}/"+verb, administrator, func(c *call) (int, any, error) {
			u, err := c.userAt()
			if err != nil {
				return 0, nil, err
			}
			u.Blocked, c.st.dirty = map[string]string{"block": "blocked", "deactivate": "deactivated"}[verb], true
			return 201, true, c.st.writeKeys()
		})
	}
}

func (st *State) dropUser(u *User) {
	st.Users, st.dirty = without(st.Users, func(x *User) bool { return x.ID == u.ID }), true
	st.Tokens = without(st.Tokens, func(x *Token) bool { return x.User == u.ID })
	st.Members = without(st.Members, func(x *Member) bool { return x.User == u.ID })
	st.Keys = without(st.Keys, func(x *Key) bool { return x.Person && x.Owner == u.ID })
}

func without[T any](all []T, gone func(T) bool) []T {
	kept := []T{}
	for _, one := range all {
		if !gone(one) {
			kept = append(kept, one)
		}
	}
	return kept
}

func listUsers(c *call) (int, any, error) {
	name, search := c.text("username"), strings.ToLower(c.text("search"))
	found := []*User{}
	for i := len(c.st.Users) - 1; i >= 0; i-- { // the newest first
		u := c.st.Users[i]
		fits := name == "" || strings.EqualFold(u.Username, name)
		if search != "" {
			fits = fits && (strings.Contains(strings.ToLower(u.Username+" "+u.Name), search) || strings.EqualFold(u.Email, search))
		}
		if c.flag("active") && u.Blocked != "" || c.flag("blocked") && u.Blocked == "" || c.flag("admins") && !u.Admin {
			fits = false
		}
		if fits {
			found = append(found, u)
		}
	}
	return page(c, found, func(u *User) any { return c.showUser(u) })
}

func createUser(c *call) (int, any, error) {
	var lack []string
	for _, name := range []string{"email", "name", "username"} {
		if c.text(name) == "" {
			lack = append(lack, name)
		}
	}
	if len(lack) > 0 {
		return 0, nil, lacks(lack...)
	}
	password := c.text("password")
	if password == "" && !c.flag("reset_password") && !c.flag("force_random_password") {
		return 0, nil, &refusal{400, map[string]any{"error": "password, reset_password, force_random_password are missing, at least one parameter must be provided"}}
	}
	for _, u := range c.st.Users {
		if strings.EqualFold(u.Email, c.text("email")) {
			return 0, nil, message(409, "Email has already been taken")
		}
	}
	if c.st.userNamed(c.text("username")) != nil || c.st.groupNamed(c.text("username")) != nil {
		return 0, nil, message(409, "Username has already been taken")
	}
	if err := c.fitsUser(password); err != nil {
		return 0, nil, err
	}
	u := &User{Username: c.text("username"), Name: c.text("name"), Email: c.text("email"), Admin: c.flag("admin"), External: c.flag("external")}
	if password != "" {
		u.Password = hashPassword(password)
	}
	return 201, c.showUser(c.st.addUser(u)), nil
}

func (c *call) fitsUser(password string) error {
	wrong := map[string]any{}
	if c.has("username") && !userName.MatchString(c.text("username")) {
		wrong["username"] = []string{"can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or end in '.', '.git' or '.atom'"}
	}
	if c.has("email") && !strings.Contains(c.text("email"), "@") {
		wrong["email"] = []string{"is invalid"}
	}
	if password != "" && len(password) < 8 {
		wrong["password"] = []string{"is too short (minimum is 8 characters)"}
	}
	if len(wrong) > 0 {
		return message(400, wrong)
	}
	return nil
}

func editUser(c *call) (int, any, error) {
	u, err := c.userAt()
	if err != nil {
		return 0, nil, err
	}
	if err := c.fitsUser(c.text("password")); err != nil {
		return 0, nil, err
	}
	for _, other := range c.st.Users {
		if other != u && c.has("email") && strings.EqualFold(other.Email, c.text("email")) {
			return 0, nil, message(409, "Email has already been taken")
		}
		if other != u && c.has("username") && strings.EqualFold(other.Username, c.text("username")) {
			return 0, nil, message(409, "Username has already been taken")
		}
	}
	for key, field := range map[string]*string{"name": &u.Name, "email": &u.Email, "username": &u.Username} {
		if c.has(key) {
			*field = c.text(key)
		}
	}
	for key, field := range map[string]*bool{"admin": &u.Admin, "external": &u.External} {
		if c.has(key) {
			*field = c.flag(key)
		}
	}
	if c.text("password") != "" {
		u.Password = hashPassword(c.text("password"))
	}
	c.st.dirty = true
	return 200, c.showUser(u), nil
}
