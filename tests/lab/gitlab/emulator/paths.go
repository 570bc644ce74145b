package main

// Where GitLab's package has its things; the ones below /var/opt are removed with it.
const (
	etc        = "/etc/gitlab"
	rubyFile   = etc + "/gitlab.rb"
	embedded   = "/opt/gitlab/embedded"
	data       = "/var/opt/gitlab"
	logs       = "/var/log/gitlab"
	ownDir     = data + "/emulator"
	stateFile  = ownDir + "/state.json"
	lockFile   = ownDir + "/state.lock"
	configFile = ownDir + "/config.json"
	control    = ownDir + "/control.socket"
	pumaSocket = data + "/gitlab-rails/sockets/gitlab.socket"
	keysFile   = data + "/.ssh/authorized_keys"
	shellPath  = embedded + "/service/gitlab-shell/bin/gitlab-shell"
	hooksDir   = embedded + "/service/gitlab-shell/hooks"
	gitRoot    = embedded + "/git"
	versionOf  = embedded + "/service/gitlab-rails/VERSION"
	unitFile   = "/usr/lib/systemd/system/gitlab-runsvdir.service"
	header     = "X-Lab-Emulator"
	headerSays = "gitlab-ce stand-in of the lab, not GitLab"
)
