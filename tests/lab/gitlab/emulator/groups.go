package main

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

var pathName = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$`)

func (st *State) group(id int64) *Group {
	for _, g := range st.Groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// groupNamed finds a group by its whole path.
func (st *State) groupNamed(path string) *Group {
	for _, g := range st.Groups {
		if strings.EqualFold(st.groupPath(g), path) {
			return g
		}
	}
	return nil
}

func (st *State) groupPath(g *Group) string {
	if above := st.group(g.Parent); above != nil {
		return st.groupPath(above) + "/" + g.Path
	}
	return g.Path
}

func (c *call) showGroup(g *Group) map[string]any {
	full := c.st.groupPath(g)
	var parent any
	name := g.Name
	if above := c.st.group(g.Parent); above != nil {
		parent = g.Parent
		name = above.Name + " / " + g.Name
	}
	shown := map[string]any{"description": "", "project_creation_level": "developer", "subgroup_creation_level": "maintainer",
		"auto_devops_enabled": nil, "require_two_factor_authentication": false, "two_factor_grace_period": 48, "lfs_enabled": true,
		"emails_disabled": false, "mentions_disabled": nil, "request_access_enabled": true, "share_with_group_lock": false,
		"default_branch_protection": 2, "avatar_url": nil, "shared_with_groups": []any{}}
	for key, value := range g.Rest {
		shown[key] = value
	}
	for key, value := range map[string]any{"id": g.ID, "name": g.Name, "path": g.Path, "visibility": g.Visibility, "parent_id": parent,
		"full_path": full, "full_name": name, "web_url": c.c.URL + "/groups/" + full, "created_at": g.Created} {
		shown[key] = value
	}
	return shown
}

// groupAt is the group of the path, by number or by path, if the caller may see it and do as much.
func (c *call) groupAt(level int) (*Group, error) {
	key := c.r.PathValue("group")
	g := c.st.groupNamed(key)
	if id, err := strconv.ParseInt(key, 10, 64); err == nil {
		g = c.st.group(id)
	}
	if g == nil || !seen(c.who, g.Visibility, c.st.groupLevel(c.who, g)) {
		return nil, missing("Group")
	}
	if c.st.groupLevel(c.who, g) < level {
		return nil, message(403, "403 Forbidden")
	}
	return g, nil
}

func (s *server) groups() {
	s.api("GET /groups", anybody, listGroups)
	s.api("POST /groups", person, createGroup)
	s.api("GET /groups/{group}", anybody, func(c *call) (int, any, error) {
		g, err := c.groupAt(0)
		if err != nil {
			return 0, nil, err
		}
		return 200, c.showGroup(g), nil
	})
	s.api("PUT /groups/{group}", person, editGroup)
	s.api("DELETE /groups/{group}", person, func(c *call) (int, any, error) {
		g, err := c.groupAt(owner)
		if err != nil {
			return 0, nil, err
		}
		c.st.dropGroup(g)
		return 202, map[string]any{"message": "202 Accepted"}, c.st.writeKeys()
	})
	s.api("GET /groups/{group}/subgroups", anybody, func(c *call) (int, any, error) {
		g, err := c.groupAt(0)
		if err != nil {
			return 0, nil, err
		}
		return page(c, without(c.st.Groups, func(x *Group) bool { return x.Parent != g.ID }), func(x *Group) any { return c.showGroup(x) })
	})
	s.api("GET /groups/{group}/projects", anybody, func(c *call) (int, any, error) {
		g, err := c.groupAt(0)
		if err != nil {
			return 0, nil, err
		}
		found := without(c.st.Projects, func(p *Project) bool {
			return p.Namespace != g.ID || !seen(c.who, p.Visibility, c.st.projectLevel(c.who, p))
		})
		return page(c, found, func(p *Project) any { return c.showProject(p) })
	})
	s.api("GET /namespaces", person, listNamespaces)
	s.api("GET /namespaces/{namespace}", person, func(c *call) (int, any, error) {
		for _, one := range c.namespaces() {
			if fmt.Sprint(one["id"]) == c.r.PathValue("namespace") || one["full_path"] == c.r.PathValue("namespace") {
				return 200, one, nil
			}
		}
		return 0, nil, missing("Namespace")
	})
}

func (st *State) dropGroup(g *Group) {
	for _, p := range st.Projects {
		if p.Namespace == g.ID {
			st.dropProject(p)
		}
	}
	for _, below := range st.Groups {
		if below.Parent == g.ID {
			st.dropGroup(below)
		}
	}
	st.Groups, st.dirty = without(st.Groups, func(x *Group) bool { return x.ID == g.ID }), true
	st.Members = without(st.Members, func(m *Member) bool { return m.Source == "group" && m.ID == g.ID })
}

func listGroups(c *call) (int, any, error) {
	search := strings.ToLower(c.text("search"))
	found := without(c.st.Groups, func(g *Group) bool {
		level := c.st.groupLevel(c.who, g)
		return !seen(c.who, g.Visibility, level) ||
			search != "" && !strings.Contains(strings.ToLower(g.Name+" "+c.st.groupPath(g)), search) ||
			c.flag("owned") && level < owner || c.flag("top_level_only") && g.Parent != 0 ||
			c.number("min_access_level") > int64(level)
	})
	sort.SliceStable(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return page(c, found, func(g *Group) any { return c.showGroup(g) })
}

// groupFields are those of a group that are kept as they are given.
var groupFields = strings.Fields(`description project_creation_level subgroup_creation_level auto_devops_enabled lfs_enabled
	require_two_factor_authentication two_factor_grace_period emails_disabled mentions_disabled request_access_enabled
	share_with_group_lock default_branch_protection`)

func createGroup(c *call) (int, any, error) {
	var lack []string
	for _, name := range []string{"name", "path"} {
		if c.text(name) == "" {
			lack = append(lack, name)
		}
	}
	if len(lack) > 0 {
		return 0, nil, lacks(lack...)
	}
	parent := c.number("parent_id")
	if parent != 0 {
		above := c.st.group(parent)
		if above == nil {
			return 0, nil, missing("Group")
		}
		if c.st.groupLevel(c.who, above) < maintainer {
			return 0, nil, message(403, "403 Forbidden")
		}
	}
	if !pathName.MatchString(c.text("path")) {
		return 0, nil, message(400, `Failed to save group {:path=>["can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or end in '.', '.git' or '.atom'"]}`)
	}
	g := &Group{Name: c.text("name"), Path: c.text("path"), Parent: parent, Visibility: "private", Rest: map[string]any{}, Created: time.Now().UTC()}
	if c.st.groupNamed(c.st.groupPath(g)) != nil || parent == 0 && c.st.userNamed(g.Path) != nil {
		return 0, nil, message(400, `Failed to save group {:path=>["has already been taken"]}`)
	}
	if err := c.visibility(&g.Visibility); err != nil {
		return 0, nil, err
	}
	c.keepFields(groupFields, g.Rest)
	g.ID = c.st.next("namespace")
	c.st.Groups = append(c.st.Groups, g)
	c.st.Members = append(c.st.Members, &Member{Source: "group", ID: g.ID, User: c.who.ID, Level: owner, Created: g.Created})
	return 201, c.showGroup(g), nil
}

func (c *call) visibility(to *string) error {
	if !c.has("visibility") {
		return nil
	}
	if !contains([]string{"private", "internal", "public"}, c.text("visibility")) {
		return &refusal{400, map[string]any{"error": "visibility does not have a valid value"}}
	}
	*to, c.st.dirty = c.text("visibility"), true
	return nil
}

// keepFields takes over what is given of these, booleans as booleans.
func (c *call) keepFields(names []string, to map[string]any) {
	for _, name := range names {
		value, given := c.in[name]
		if !given {
			continue
		}
		switch value {
		case "true":
			value = true
		case "false":
			value = false
		}
		to[name], c.st.dirty = value, true
	}
}

func editGroup(c *call) (int, any, error) {
	g, err := c.groupAt(owner)
	if err != nil {
		return 0, nil, err
	}
	if path := c.text("path"); path != "" && !strings.EqualFold(path, g.Path) {
		moved := *g
		moved.Path = path
		if c.st.groupNamed(c.st.groupPath(&moved)) != nil {
			return 0, nil, message(400, map[string]any{"path": []string{"has already been taken"}})
		}
		g.Path = path
	}
	if c.has("name") {
		g.Name = c.text("name")
	}
	if err := c.visibility(&g.Visibility); err != nil {
		return 0, nil, err
	}
	c.keepFields(groupFields, g.Rest)
	c.st.dirty = true
	return 200, c.showGroup(g), nil
}

func (c *call) namespaces() []map[string]any {
	all := []map[string]any{}
	for _, u := range c.st.Users {
		if c.who.Admin || u.ID == c.who.ID {
			all = append(all, map[string]any{"id": u.Namespace, "name": u.Name, "path": u.Username, "kind": "user", "full_path": u.Username,
				"parent_id": nil, "avatar_url": nil, "web_url": c.c.URL + "/" + u.Username})
		}
	}
	for _, g := range c.st.Groups {
		if c.st.groupLevel(c.who, g) > 0 {
			full := c.st.groupPath(g)
			all = append(all, map[string]any{"id": g.ID, "name": g.Name, "path": g.Path, "kind": "group", "full_path": full,
				"parent_id": c.showGroup(g)["parent_id"], "avatar_url": nil, "web_url": c.c.URL + "/groups/" + full})
		}
	}
	return all
}

func listNamespaces(c *call) (int, any, error) {
	search := strings.ToLower(c.text("search"))
	found := without(c.namespaces(), func(one map[string]any) bool {
		return !strings.Contains(strings.ToLower(fmt.Sprint(one["full_path"])), search)
	})
	return page(c, found, func(one map[string]any) any { return one })
}
