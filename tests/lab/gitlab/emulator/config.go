package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Config is what a reconfigure took from gitlab.rb; the services read this, never gitlab.rb.
type Config struct {
	URL          string // external_url without a slash at its end
	Port         int
	Certificate  string
	Key          string
	RedirectHTTP bool
	SSHHost      string
	SSHPort      int
	Repositories string
}

var (
	assignment = regexp.MustCompile(`^([a-z_]+)\[['"]([a-zA-Z_]+)['"]\]\s*=\s*(.+)$`)
	external   = regexp.MustCompile(`^external_url\s+["']([^"']+)["']$`)
	storage    = regexp.MustCompile(`path:\s*'([^']+)'`)
	dataDirs   = regexp.MustCompile(`^git_data_dirs\(\{\s*"default"\s*=>\s*\{\s*"path"\s*=>\s*"([^"]+)"\s*\}\s*\}\)$`)
)

// sections are those of gitlab.rb that GitLab knows; another one ends a reconfigure.
var sections = strings.Fields(`gitlab_rails nginx letsencrypt puma sidekiq prometheus_monitoring gitaly redis
	postgresql gitlab_shell gitlab_workhorse registry mattermost logging logrotate prometheus alertmanager node_exporter
	gitlab_kas gitlab_pages package user high_availability roles gitlab_ci consul`)

// readRuby reads gitlab.rb as far as the lab's inventories and the product write it: one setting a line.
func readRuby(text string, v version) (*Config, error) {
	c := &Config{Repositories: data + "/git-data/repositories", SSHPort: 22}
	values := map[string]string{}
	var removed []string
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if found := external.FindStringSubmatch(line); found != nil {
			values["external_url"] = found[1]
			continue
		}
		if found := dataDirs.FindStringSubmatch(line); found != nil {
			if v.least(18, 0) {
				removed = append(removed, "* git_data_dirs has been deprecated since 17.8 and was removed in 18.0.")
			}
			c.Repositories = found[1] + "/repositories"
			continue
		}
		found := assignment.FindStringSubmatch(line)
		if found == nil {
			return nil, fmt.Errorf("/etc/gitlab/gitlab.rb:%d: syntax error, unexpected `%s' (the lab's stand-in reads one setting a line)", number+1, line)
		}
		section, key, value := found[1], found[2], strings.TrimSpace(found[3])
		if gone := removedSetting(section, key, v); gone != "" {
			removed = append(removed, gone)
		} else if !contains(sections, section) && section != "grafana" {
			return nil, fmt.Errorf("Reading unsupported config value %s.", section)
		}
		values[section+"."+key] = strings.Trim(value, `"'`)
		if section == "gitaly" && key == "configuration" {
			if path := storage.FindStringSubmatch(value); path != nil {
				c.Repositories = path[1]
			}
		}
	}
	if len(removed) > 0 {
		return nil, errors.New("Removed configurations found in gitlab.rb. Aborting reconfigure.\n" + strings.Join(removed, "\n"))
	}
	return c, c.take(values)
}

func removedSetting(section, key string, v version) string {
	name := fmt.Sprintf("%s['%s']", section, key)
	switch {
	case section == "grafana" && v.least(16, 3):
		return "* " + name + " has been deprecated since 16.0 and was removed in 16.3."
	case section == "sidekiq" && (key == "max_concurrency" || key == "min_concurrency") && v.least(17, 0):
		return "* " + name + " has been deprecated since 16.9 and was removed in 17.0."
	}
	return ""
}

func (c *Config) take(values map[string]string) error {
	at, err := url.Parse(values["external_url"])
	if err != nil || at.Scheme != "https" || at.Hostname() == "" {
		return fmt.Errorf("external_url %q: the lab's stand-in speaks https only", values["external_url"])
	}
	c.URL = strings.TrimRight(values["external_url"], "/")
	c.Port = 443
	if at.Port() != "" {
		c.Port, _ = strconv.Atoi(at.Port())
	}
	c.Certificate = values["nginx.ssl_certificate"]
	c.Key = values["nginx.ssl_certificate_key"]
	if c.Certificate == "" { // GitLab's own place
		c.Certificate, c.Key = etc+"/ssl/"+at.Hostname()+".crt", etc+"/ssl/"+at.Hostname()+".key"
	}
	c.RedirectHTTP = values["nginx.redirect_http_to_https"] == "true"
	c.SSHHost = at.Hostname()
	if host := values["gitlab_rails.gitlab_ssh_host"]; host != "" {
		c.SSHHost = host
	}
	if port := values["gitlab_rails.gitlab_shell_ssh_port"]; port != "" {
		if c.SSHPort, err = strconv.Atoi(port); err != nil {
			return fmt.Errorf("gitlab_shell_ssh_port %q is no number", port)
		}
	}
	return nil
}

func loadConfig() (*Config, error) {
	text, err := os.ReadFile(configFile)
	if err != nil {
		return nil, errors.New("GitLab is not configured: gitlab-ctl reconfigure")
	}
	c := &Config{}
	return c, json.Unmarshal(text, c)
}

// version is GitLab's, as far as behaviour differs.
type version struct{ major, minor int }

func (v version) least(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

func installed() (version, string) {
	text, _ := os.ReadFile(versionOf)
	name := strings.TrimSpace(string(text))
	v := version{}
	_, _ = fmt.Sscanf(name, "%d.%d", &v.major, &v.minor)
	return v, name
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}
