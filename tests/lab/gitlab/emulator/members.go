package main

import (
	"slices"
	"strconv"
	"time"
)

func (s *server) members() {
	for _, source := range []string{"group", "project"} {
		at := "/" + source + "s/{" + source + "}/members"
		s.api("GET "+at, person, func(c *call) (int, any, error) { return c.listMembers(source, false) })
		s.api("GET "+at+"/all", person, func(c *call) (int, any, error) { return c.listMembers(source, true) })
		s.api("POST "+at, person, func(c *call) (int, any, error) { return c.addMember(source) })
		s.api("GET "+at+"/{user}", person, func(c *call) (int, any, error) {
			m, err := c.memberAt(source, 0)
			if err != nil {
				return 0, nil, err
			}
			return 200, c.showMember(m), nil
		})
		s.api("PUT "+at+"/{user}", person, func(c *call) (int, any, error) {
			m, err := c.memberAt(source, maintainer)
			if err != nil {
				return 0, nil, err
			}
			if err := c.takeLevel(m); err != nil {
				return 0, nil, err
			}
			return 200, c.showMember(m), nil
		})
		s.api("DELETE "+at+"/{user}", person, func(c *call) (int, any, error) {
			m, err := c.memberAt(source, maintainer)
			if err != nil {
				return 0, nil, err
			}
			c.st.Members, c.st.dirty = without(c.st.Members, func(x *Member) bool { return x == m }), true
			return 204, nil, nil
		})
	}
}

// sourceAt is the number of the group or project of the path.
func (c *call) sourceAt(source string, level int) (int64, error) {
	if source == "group" {
		g, err := c.groupAt(level)
		if err != nil {
			return 0, err
		}
		return g.ID, nil
	}
	p, err := c.projectAt(level)
	if err != nil {
		return 0, err
	}
	return p.ID, nil
}

func (c *call) memberAt(source string, level int) (*Member, error) {
	id, err := c.sourceAt(source, level)
	if err != nil {
		return nil, err
	}
	user, _ := strconv.ParseInt(c.r.PathValue("user"), 10, 64)
	for _, m := range c.st.Members {
		if m.Source == source && m.ID == id && m.User == user {
			return m, nil
		}
	}
	return nil, message(404, "404 Member Not Found")
}

func (c *call) showMember(m *Member) map[string]any {
	shown := map[string]any{"access_level": m.Level, "created_at": m.Created, "expires_at": nil, "membership_state": "active"}
	if m.Expires != "" {
		shown["expires_at"] = m.Expires
	}
	if u := c.st.user(m.User); u != nil {
		for _, key := range []string{"id", "username", "name", "state", "avatar_url", "web_url", "locked"} {
			shown[key] = c.showUser(u)[key]
		}
	}
	return shown
}

func (c *call) listMembers(source string, all bool) (int, any, error) {
	id, err := c.sourceAt(source, 0)
	if err != nil {
		return 0, nil, err
	}
	found := without(c.st.Members, func(m *Member) bool { return m.Source != source || m.ID != id })
	space := id
	if p := c.st.project(id); source == "project" && p != nil {
		space = p.Namespace
	} else if g := c.st.group(id); g != nil {
		space = g.Parent
	}
	for g := c.st.group(space); all && g != nil; g = c.st.group(g.Parent) {
		for _, m := range c.st.Members {
			known := slices.ContainsFunc(found, func(x *Member) bool { return x.User == m.User })
			if m.Source == "group" && m.ID == g.ID && !known {
				found = append(found, m)
			}
		}
	}
	return page(c, found, func(m *Member) any { return c.showMember(m) })
}

func (c *call) takeLevel(m *Member) error {
	level := int(c.number("access_level"))
	if !slices.Contains([]int{5, guest, 15, reporter, developer, maintainer, owner}, level) {
		return &refusal{400, map[string]any{"error": "access_level does not have a valid value"}}
	}
	m.Level, c.st.dirty = level, true
	if c.has("expires_at") {
		m.Expires = c.text("expires_at")
	}
	return nil
}

func (c *call) addMember(source string) (int, any, error) {
	id, err := c.sourceAt(source, maintainer)
	if err != nil {
		return 0, nil, err
	}
	if !c.has("access_level") {
		return 0, nil, lacks("access_level")
	}
	u := c.st.user(c.number("user_id"))
	if u == nil {
		u = c.st.userNamed(c.text("username"))
	}
	if u == nil {
		return 0, nil, missing("User")
	}
	if c.st.memberLevel(source, id, u.ID) > 0 {
		return 0, nil, message(409, "Member already exists")
	}
	m := &Member{Source: source, ID: id, User: u.ID, Created: time.Now().UTC()}
	if err := c.takeLevel(m); err != nil {
		return 0, nil, err
	}
	c.st.Members = append(c.st.Members, m)
	return 201, c.showMember(m), nil
}
