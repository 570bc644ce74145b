package standin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	etcdsnapshot "go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
)

func snapshotDir(s *Settings, p paths) string {
	return s.get("etcd-snapshot-dir", p.server("db", "snapshots"))
}

// snapshot is `k3s etcd-snapshot save [--name NAME] | ls | delete NAME...`. As in k3s it needs embedded etcd.
func snapshot(args []string) error {
	if len(args) == 0 {
		return errors.New("etcd-snapshot: save, ls or delete")
	}
	verb, name, rest := args[0], "on-demand", []string{}
	var settings []string
	for i := 1; i < len(args); i++ {
		value, given := strings.CutPrefix(args[i], "--name=")
		switch {
		case given:
			name = value
		case args[i] == "--name" && i+1 < len(args):
			i++
			name = args[i]
		case strings.HasPrefix(args[i], "-"):
			settings = append(settings, args[i])
		default:
			rest = append(rest, args[i])
		}
	}
	s, err := ReadSettings("server", settings)
	if err != nil {
		return err
	}
	p := pathsOf(s)
	if !clustered(s, p) {
		return errors.New("etcd datastore disabled (this server was not started with cluster-init)")
	}
	dir := snapshotDir(s, p)
	switch verb {
	case "save":
		return saveSnapshot(s, p, dir, name)
	case "ls", "list":
		return listSnapshots(dir)
	case "delete":
		for _, one := range rest {
			if err := os.Remove(filepath.Join(dir, filepath.Base(one))); err != nil {
				return err
			}
			logf("Snapshot %s deleted.", one)
		}
		return nil
	}
	return fmt.Errorf("etcd-snapshot %s is not in the lab's stand-in", verb)
}

func saveSnapshot(s *Settings, p paths, dir, name string) error {
	n, err := nodeOf(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	config := clientv3.Config{Endpoints: []string{"https://127.0.0.1:2379"}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()}
	if config.TLS, err = etcdTLS(p); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	path := filepath.Join(dir, fmt.Sprintf("%s-%s-%d", name, n.name, time.Now().Unix()))
	if err := last(etcdsnapshot.NewV3(zap.NewNop()).Save(ctx, config, path)); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	logf("Snapshot %s saved.", filepath.Base(path))
	return nil
}

// last takes the error of a call that gives one value (etcd 3.5) or two (3.6).
func last(results ...any) error {
	err, _ := results[len(results)-1].(error)
	return err
}

func listSnapshots(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	fmt.Printf("%-50s %-90s %-12s %s\n", "Name", "Location", "Size", "Created")
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			return err
		}
		fmt.Printf("%-50s %-90s %-12d %s\n", file.Name(), "file://"+filepath.Join(dir, file.Name()), info.Size(), info.ModTime().UTC().Format(time.RFC3339))
	}
	return nil
}

// resetCluster is `k3s server --cluster-reset --cluster-reset-restore-path=FILE`: it puts the snapshot in place of the
// data (which is kept as etcd-old-TIME) as a cluster of one, says so, and ends; the unit is then started as always.
// The token must be the one of the old cluster, and the CAs must be there or come back with server/tls.
func resetCluster(s *Settings, p paths, n node) error {
	from := s.get("cluster-reset-restore-path", "")
	if from == "" {
		return errors.New("cluster-reset without cluster-reset-restore-path is not in the lab's stand-in")
	}
	if _, err := os.Stat(from); err != nil {
		if from = filepath.Join(snapshotDir(s, p), filepath.Base(from)); !exists(from) {
			return fmt.Errorf("cluster-reset-restore-path: %w", err)
		}
	}
	dir := p.server("db", "etcd")
	if exists(dir) {
		old := fmt.Sprintf("%s-old-%d", dir, time.Now().Unix())
		if err := os.Rename(dir, old); err != nil {
			return err
		}
		logf("the old data is in %s", old)
	}
	_ = os.Remove(p.server("db", "member-name"))
	name, err := memberName(p, n)
	if err != nil {
		return err
	}
	peer := "https://" + n.ip + ":2380"
	if err := etcdsnapshot.NewV3(zap.NewNop()).Restore(etcdsnapshot.RestoreConfig{SnapshotPath: from, Name: name, OutputDataDir: dir,
		PeerURLs: []string{peer}, InitialCluster: name + "=" + peer, InitialClusterToken: "restored-" + name}); err != nil {
		return err
	}
	logf("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
