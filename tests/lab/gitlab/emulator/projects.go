package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func (st *State) project(id int64) *Project {
	for _, p := range st.Projects {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (st *State) spacePath(id int64) string {
	if g := st.group(id); g != nil {
		return st.groupPath(g)
	}
	for _, u := range st.Users {
		if u.Namespace == id {
			return u.Username
		}
	}
	return ""
}

func (st *State) projectPath(p *Project) string { return st.spacePath(p.Namespace) + "/" + p.Path }

func (st *State) projectNamed(path string) *Project {
	for _, p := range st.Projects {
		if strings.EqualFold(st.projectPath(p), path) {
			return p
		}
	}
	return nil
}

func (c *call) showProject(p *Project) map[string]any {
	full := c.st.projectPath(p)
	space := c.st.spacePath(p.Namespace)
	ssh := fmt.Sprintf("git@%s:%s.git", c.c.SSHHost, full)
	if c.c.SSHPort != 22 {
		ssh = fmt.Sprintf("ssh://git@%s:%d/%s.git", c.c.SSHHost, c.c.SSHPort, full)
	}
	kind, spaceName := "user", space
	var parent any
	if g := c.st.group(p.Namespace); g != nil {
		kind, spaceName = "group", g.Name
		if g.Parent != 0 {
			parent = g.Parent
		}
	}
	var branch any
	if p.Branch != "" {
		branch = p.Branch
	}
	shown := map[string]any{"description": nil, "topics": []any{}, "tag_list": []any{}, "archived": false, "issues_enabled": true,
		"merge_requests_enabled": true, "wiki_enabled": true, "jobs_enabled": true, "snippets_enabled": true, "lfs_enabled": true,
		"packages_enabled": true, "container_registry_enabled": true, "request_access_enabled": true, "merge_method": "merge",
		"shared_runners_enabled": true, "only_allow_merge_if_pipeline_succeeds": false, "star_count": 0, "forks_count": 0, "avatar_url": nil}
	for key, value := range p.Rest {
		shown[key] = value
	}
	for key, value := range map[string]any{"id": p.ID, "name": p.Name, "path": p.Path, "path_with_namespace": full,
		"name_with_namespace": spaceName + " / " + p.Name, "visibility": p.Visibility, "default_branch": branch, "empty_repo": p.Branch == "",
		"ssh_url_to_repo": ssh, "http_url_to_repo": c.c.URL + "/" + full + ".git", "web_url": c.c.URL + "/" + full, "created_at": p.Created,
		"last_activity_at": p.Created, "creator_id": p.Creator, "namespace": map[string]any{"id": p.Namespace, "name": spaceName,
			"path": space[strings.LastIndex(space, "/")+1:], "kind": kind, "full_path": space, "parent_id": parent}} {
		shown[key] = value
	}
	return shown
}

// projectAt is the project of the path, by number or by path, if the caller may see it and do as much.
func (c *call) projectAt(level int) (*Project, error) {
	key := c.r.PathValue("project")
	p := c.st.projectNamed(key)
	if id, err := strconv.ParseInt(key, 10, 64); err == nil {
		p = c.st.project(id)
	}
	if p == nil || !seen(c.who, p.Visibility, c.st.projectLevel(c.who, p)) {
		return nil, missing("Project")
	}
	if c.st.projectLevel(c.who, p) < level {
		return nil, message(403, "403 Forbidden")
	}
	return p, nil
}

func (s *server) projects() {
	s.api("GET /projects", anybody, listProjects)
	s.api("POST /projects", person, createProject)
	s.api("GET /users/{user}/projects", anybody, func(c *call) (int, any, error) {
		u := c.st.userNamed(c.r.PathValue("user"))
		if u == nil {
			var err error
			if u, err = c.userAt(); err != nil {
				return 0, nil, err
			}
		}
		found := without(c.st.Projects, func(p *Project) bool {
			return p.Namespace != u.Namespace || !seen(c.who, p.Visibility, c.st.projectLevel(c.who, p))
		})
		return page(c, found, func(p *Project) any { return c.showProject(p) })
	})
	s.api("GET /projects/{project}", anybody, func(c *call) (int, any, error) {
		p, err := c.projectAt(0)
		if err != nil {
			return 0, nil, err
		}
		return 200, c.showProject(p), nil
	})
	s.api("PUT /projects/{project}", person, editProject)
	s.api("DELETE /projects/{project}", person, func(c *call) (int, any, error) {
		p, err := c.projectAt(owner)
		if err != nil {
			return 0, nil, err
		}
		c.st.dropProject(p)
		return 202, map[string]any{"message": "202 Accepted"}, c.st.writeKeys()
	})
}

func (st *State) dropProject(p *Project) {
	st.Projects, st.dirty = without(st.Projects, func(x *Project) bool { return x.ID == p.ID }), true
	st.Hooks = without(st.Hooks, func(h *Hook) bool { return h.Project == p.ID })
	st.Members = without(st.Members, func(m *Member) bool { return m.Source == "project" && m.ID == p.ID })
	for _, k := range st.Keys {
		delete(k.Projects, p.ID)
	}
	st.Keys = without(st.Keys, func(k *Key) bool { return !k.Person && len(k.Projects) == 0 })
	if c, err := loadConfig(); err == nil {
		_ = os.RemoveAll(repository(c, p.ID))
	}
}

func listProjects(c *call) (int, any, error) {
	search := strings.ToLower(c.text("search"))
	found := []*Project{}
	for i := len(c.st.Projects) - 1; i >= 0; i-- { // the newest first
		p := c.st.Projects[i]
		level := c.st.projectLevel(c.who, p)
		member := c.who != nil && (p.Namespace == c.who.Namespace || c.st.memberLevel("project", p.ID, c.who.ID) > 0)
		for g := c.st.group(p.Namespace); g != nil && c.who != nil; g = c.st.group(g.Parent) {
			member = member || c.st.memberLevel("group", g.ID, c.who.ID) > 0
		}
		switch {
		case !seen(c.who, p.Visibility, level):
		case search != "" && !strings.Contains(strings.ToLower(p.Name+" "+p.Path), search):
		case c.has("visibility") && c.text("visibility") != p.Visibility:
		case c.flag("membership") && !member || c.flag("owned") && level < owner:
		case c.number("min_access_level") > int64(level):
		default:
			found = append(found, p)
		}
	}
	return page(c, found, func(p *Project) any { return c.showProject(p) })
}

var projectFields = strings.Fields(`description issues_enabled merge_requests_enabled wiki_enabled jobs_enabled snippets_enabled
	lfs_enabled packages_enabled container_registry_enabled request_access_enabled merge_method shared_runners_enabled
	only_allow_merge_if_pipeline_succeeds topics archived`)

// inSpace is the namespace that a new project goes to.
func (c *call) inSpace() (int64, error) {
	id := c.number("namespace_id")
	if id == 0 || id == c.who.Namespace {
		return c.who.Namespace, nil
	}
	if g := c.st.group(id); g != nil && c.st.groupLevel(c.who, g) >= developer {
		return id, nil
	}
	for _, u := range c.st.Users {
		if u.Namespace == id && c.who.Admin {
			return id, nil
		}
	}
	return 0, message(400, map[string]any{"namespace": []string{"is not valid"}})
}

func createProject(c *call) (int, any, error) {
	name, path := c.text("name"), c.text("path")
	if name == "" && path == "" {
		return 0, nil, &refusal{400, map[string]any{"error": "name, path are missing, at least one parameter must be provided"}}
	}
	if name == "" {
		name = path
	}
	if path == "" {
		path = strings.ToLower(strings.ReplaceAll(name, " ", "-"))
	}
	space, err := c.inSpace()
	if err != nil {
		return 0, nil, err
	}
	if !pathName.MatchString(path) {
		return 0, nil, message(400, map[string]any{"path": []string{"can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'"}})
	}
	taken := map[string]any{}
	for _, p := range c.st.Projects {
		if p.Namespace == space && strings.EqualFold(p.Path, path) {
			taken["path"] = []string{"has already been taken"}
		}
		if p.Namespace == space && p.Name == name {
			taken["name"], taken["project_namespace.name"] = []string{"has already been taken"}, []string{"has already been taken"}
		}
	}
	if len(taken) > 0 {
		return 0, nil, message(400, taken)
	}
	p := &Project{ID: c.st.next("project"), Namespace: space, Creator: c.who.ID, Name: name, Path: path, Visibility: "private",
		Rest: map[string]any{}, Created: time.Now().UTC()}
	if err := c.visibility(&p.Visibility); err != nil {
		return 0, nil, err
	}
	if g := c.st.group(space); g != nil && rank(p.Visibility) > rank(g.Visibility) {
		return 0, nil, message(400, map[string]any{"visibility_level": []string{p.Visibility + " is not allowed in a " + g.Visibility + " group."}})
	}
	c.keepFields(projectFields, p.Rest)
	branch := c.text("default_branch")
	if branch == "" {
		branch = "main"
	}
	if err := makeRepository(c.c, p, branch); err != nil {
		return 0, nil, err
	}
	if c.flag("initialize_with_readme") {
		text := fmt.Sprintf("# %s\n", name)
		if err := c.commit(p, &edit{branch: branch, message: "Initial commit", files: []fileEdit{{path: "README.md", content: []byte(text)}}}); err != nil {
			return 0, nil, err
		}
		c.st.firstBranch(p, branch)
	}
	c.st.Projects = append(c.st.Projects, p)
	return 201, c.showProject(p), nil
}

func rank(visibility string) int {
	return map[string]int{"private": 0, "internal": 10, "public": 20}[visibility]
}

// firstBranch makes the first branch the default one and protects it: maintainers push, nobody by force.
func (st *State) firstBranch(p *Project, branch string) {
	p.Branch, st.dirty = branch, true
	p.Protected = append(p.Protected, Protection{ID: st.next("protection"), Name: branch, Push: maintainer, Merge: maintainer})
}

func editProject(c *call) (int, any, error) {
	p, err := c.projectAt(maintainer)
	if err != nil {
		return 0, nil, err
	}
	if branch := c.text("default_branch"); branch != "" && branch != p.Branch {
		if _, err := revision(c.c, p, "refs/heads/"+branch); err != nil {
			return 0, nil, message(400, map[string]any{"base": []string{"Could not set the default branch"}})
		}
		p.Branch, c.st.dirty = branch, true
		if _, err := inRepository(c.c, p, nil, "symbolic-ref", "HEAD", "refs/heads/"+branch); err != nil {
			return 0, nil, err
		}
	}
	if path := c.text("path"); path != "" && path != p.Path {
		if c.st.projectNamed(c.st.spacePath(p.Namespace)+"/"+path) != nil {
			return 0, nil, message(400, map[string]any{"path": []string{"has already been taken"}})
		}
		p.Path = path
	}
	if c.has("name") {
		p.Name = c.text("name")
	}
	if err := c.visibility(&p.Visibility); err != nil {
		return 0, nil, err
	}
	c.keepFields(projectFields, p.Rest)
	c.st.dirty = true
	return 200, c.showProject(p), nil
}
