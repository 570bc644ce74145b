package main

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *server) contents() {
	at := "/projects/{project}"
	s.api("GET "+at+"/repository/branches", anybody, func(c *call) (int, any, error) {
		p, err := c.projectAt(0)
		if err != nil {
			return 0, nil, err
		}
		out, err := inRepository(c.c, p, nil, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
		if err != nil {
			return 0, nil, err
		}
		return page(c, strings.Fields(string(out)), func(name string) any { return c.showBranch(p, name) })
	})
	s.api("GET "+at+"/repository/branches/{branch}", anybody, func(c *call) (int, any, error) {
		p, err := c.projectAt(0)
		if err != nil {
			return 0, nil, err
		}
		shown := c.showBranch(p, c.r.PathValue("branch"))
		if shown == nil {
			return 0, nil, missing("Branch")
		}
		return 200, shown, nil
	})
	s.api("GET "+at+"/repository/commits", anybody, listCommits)
	s.api("GET "+at+"/repository/tree", anybody, listTree)
	s.api("GET "+at+"/repository/files/{file}", anybody, readFile)
	s.api("GET "+at+"/repository/files/{file}/raw", anybody, readFile)
	for verb, code := range map[string]int{"POST": 201, "PUT": 200, "DELETE": 204} {
		s.api(verb+" "+at+"/repository/files/{file}", person, func(c *call) (int, any, error) { return writeFile(c, verb, code) })
	}
	s.protections()
	s.hooks()
}

func (c *call) showBranch(p *Project, name string) map[string]any {
	id, err := revision(c.c, p, "refs/heads/"+name)
	if err != nil {
		return nil
	}
	guarded := slices.ContainsFunc(p.Protected, func(g Protection) bool { return g.Name == name })
	return map[string]any{"name": name, "default": name == p.Branch, "protected": guarded, "merged": false, "can_push": c.st.projectLevel(c.who, p) >= maintainer,
		"commit": map[string]any{"id": id, "short_id": id[:8]}, "web_url": c.c.URL + "/" + c.st.projectPath(p) + "/-/tree/" + name}
}

func listCommits(c *call) (int, any, error) {
	p, err := c.projectAt(0)
	if err != nil {
		return 0, nil, err
	}
	ref := c.text("ref_name")
	if ref == "" {
		ref = p.Branch
	}
	if _, err := revision(c.c, p, ref); err != nil {
		return 0, nil, message(404, "404 Repository Not Found")
	}
	out, err := inRepository(c.c, p, nil, "log", "--format=%H%x00%an%x00%ae%x00%cI%x00%s", "--end-of-options", ref)
	if err != nil {
		return 0, nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return page(c, lines, func(line string) any {
		f := strings.Split(line, "\x00")
		return map[string]any{"id": f[0], "short_id": f[0][:8], "author_name": f[1], "author_email": f[2], "committed_date": f[3], "title": f[4], "message": f[4]}
	})
}

func listTree(c *call) (int, any, error) {
	p, err := c.projectAt(0)
	if err != nil {
		return 0, nil, err
	}
	ref := c.text("ref")
	if ref == "" {
		ref = p.Branch
	}
	args := []string{"ls-tree", "-z"}
	if c.flag("recursive") {
		args = append(args, "-r", "-t")
	}
	at := ref
	if below := strings.Trim(c.text("path"), "/"); below != "" {
		at += ":" + below
	}
	out, err := inRepository(c.c, p, nil, append(args, "--end-of-options", at)...)
	if err != nil {
		return 0, nil, message(404, "404 Tree Not Found")
	}
	lines := strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	return page(c, lines, func(line string) any {
		fields, name, _ := strings.Cut(line, "\t")
		f := strings.Fields(fields)
		path := name
		if below := strings.Trim(c.text("path"), "/"); below != "" {
			path = below + "/" + name
		}
		return map[string]any{"mode": f[0], "type": f[1], "id": f[2], "path": path, "name": path[strings.LastIndex(path, "/")+1:]}
	})
}

func readFile(c *call) (int, any, error) {
	p, err := c.projectAt(0)
	if err != nil {
		return 0, nil, err
	}
	ref := c.text("ref")
	if ref == "" {
		ref = "HEAD"
	}
	text, err := inRepository(c.c, p, nil, "cat-file", "blob", ref+":"+c.r.PathValue("file"))
	if err != nil {
		return 0, nil, missing("File")
	}
	if strings.HasSuffix(c.r.URL.Path, "/raw") {
		return 200, plain(text), nil
	}
	path := c.r.PathValue("file")
	return 200, map[string]any{"file_name": path[strings.LastIndex(path, "/")+1:], "file_path": path, "size": len(text),
		"encoding": "base64", "content": base64.StdEncoding.EncodeToString(text), "ref": ref}, nil
}

func writeFile(c *call, verb string, code int) (int, any, error) {
	p, err := c.projectAt(developer)
	if err != nil {
		return 0, nil, err
	}
	branch, path := c.text("branch"), c.r.PathValue("file")
	if branch == "" || c.text("commit_message") == "" {
		return 0, nil, lacks("branch", "commit_message")
	}
	if err := c.st.mayPush(c.who, nil, p, branch); err != nil {
		return 0, nil, message(403, map[string]any{"message": err.Error()})
	}
	_, err = inRepository(c.c, p, nil, "cat-file", "-e", "refs/heads/"+branch+":"+path)
	if there := err == nil; there != (verb != "POST") {
		said := "A file with this name doesn't exist"
		if there {
			said = "A file with this name already exists"
		}
		return 0, nil, message(400, said)
	}
	text := []byte(c.text("content"))
	if c.text("encoding") == "base64" {
		if text, err = base64.StdEncoding.DecodeString(c.text("content")); err != nil {
			return 0, nil, message(400, "content is not base64")
		}
	}
	change := &edit{branch: branch, message: c.text("commit_message"), files: []fileEdit{{path: path, content: text, gone: verb == "DELETE"}}}
	if err := c.commit(p, change); err != nil {
		return 0, nil, err
	}
	if p.Branch == "" {
		c.st.firstBranch(p, branch)
	}
	return code, map[string]any{"file_path": path, "branch": branch}, nil
}

func (s *server) protections() {
	at := "/projects/{project}/protected_branches"
	show := func(g Protection) any {
		push := []any{map[string]any{"id": g.ID, "access_level": g.Push, "deploy_key_id": nil}}
		for _, key := range g.Keys {
			push = append(push, map[string]any{"access_level": maintainer, "deploy_key_id": key})
		}
		return map[string]any{"id": g.ID, "name": g.Name, "allow_force_push": g.Force, "push_access_levels": push,
			"merge_access_levels": []any{map[string]any{"id": g.ID, "access_level": g.Merge}}}
	}
	find := func(c *call) (*Project, int, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return nil, 0, err
		}
		i := slices.IndexFunc(p.Protected, func(g Protection) bool { return g.Name == c.r.PathValue("name") })
		if i < 0 {
			return nil, 0, message(404, "404 Not found")
		}
		return p, i, nil
	}
	s.api("GET "+at, person, func(c *call) (int, any, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return 0, nil, err
		}
		return page(c, p.Protected, show)
	})
	s.api("GET "+at+"/{name}", person, func(c *call) (int, any, error) {
		p, i, err := find(c)
		if err != nil {
			return 0, nil, err
		}
		return 200, show(p.Protected[i]), nil
	})
	s.api("DELETE "+at+"/{name}", person, func(c *call) (int, any, error) {
		p, i, err := find(c)
		if err != nil {
			return 0, nil, err
		}
		p.Protected, c.st.dirty = slices.Delete(p.Protected, i, i+1), true
		return 204, nil, nil
	})
	s.api("POST "+at, person, func(c *call) (int, any, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return 0, nil, err
		}
		if c.text("name") == "" {
			return 0, nil, lacks("name")
		}
		if slices.ContainsFunc(p.Protected, func(g Protection) bool { return g.Name == c.text("name") }) {
			return 0, nil, message(409, "Protected branch '"+c.text("name")+"' already exists")
		}
		g := Protection{ID: c.st.next("protection"), Name: c.text("name"), Push: maintainer, Merge: maintainer, Force: c.flag("allow_force_push")}
		if c.has("push_access_level") {
			g.Push = int(c.number("push_access_level"))
		}
		if c.has("merge_access_level") {
			g.Merge = int(c.number("merge_access_level"))
		}
		p.Protected = append(p.Protected, g)
		return 201, show(g), nil
	})
}

// hooks are kept and listed; nothing is delivered.
func (s *server) hooks() {
	at := "/projects/{project}/hooks"
	fields := strings.Fields("url push_events tag_push_events merge_requests_events issues_events enable_ssl_verification push_events_branch_filter")
	show := func(h *Hook) any {
		shown := map[string]any{"id": h.ID, "project_id": h.Project, "created_at": h.Created, "push_events": true, "enable_ssl_verification": true}
		for key, value := range h.Rest {
			shown[key] = value
		}
		return shown
	}
	s.api("GET "+at, person, func(c *call) (int, any, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return 0, nil, err
		}
		return page(c, without(c.st.Hooks, func(h *Hook) bool { return h.Project != p.ID }), show)
	})
	s.api("POST "+at, person, func(c *call) (int, any, error) {
		p, err := c.projectAt(maintainer)
		if err != nil {
			return 0, nil, err
		}
		if c.text("url") == "" {
			return 0, nil, lacks("url")
		}
		h := &Hook{ID: c.st.next("hook"), Project: p.ID, Rest: map[string]any{}, Created: time.Now().UTC()}
		c.keepFields(fields, h.Rest)
		c.st.Hooks = append(c.st.Hooks, h)
		return 201, show(h), nil
	})
	for _, verb := range []string{"GET", "PUT", "DELETE"} {
		s.api(verb+" "+at+"/{hook}", person, func(c *call) (int, any, error) {
			p, err := c.projectAt(maintainer)
			if err != nil {
				return 0, nil, err
			}
			id, _ := strconv.ParseInt(c.r.PathValue("hook"), 10, 64)
			i := slices.IndexFunc(c.st.Hooks, func(h *Hook) bool { return h.ID == id && h.Project == p.ID })
			switch {
			case i < 0:
				return 0, nil, message(404, "404 Not found")
			case verb == "DELETE":
				c.st.Hooks, c.st.dirty = slices.Delete(c.st.Hooks, i, i+1), true
				return 204, nil, nil
			case verb == "PUT":
				c.keepFields(fields, c.st.Hooks[i].Rest)
			}
			return 200, show(c.st.Hooks[i]), nil
		})
	}
}
