package standin

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The build puts images.tar.gz (pause and the lab's stand-in image) here; a plain `go build` has none.
//
//go:embed embedded
var embedded embed.FS

// importImages gives containerd the built-in images and those in agent/images/, as k3s does at its start. One bad
// archive is logged and does not hold the node back.
func importImages(ctx context.Context, f *family, p paths) error {
	if archive, err := embedded.ReadFile("embedded/images.tar.gz"); err == nil {
		if err := f.until(ctx, "images", 3*time.Minute, func(context.Context) error {
			return importArchive(ctx, bytes.NewReader(archive), "images.tar.gz")
		}); err != nil {
			return err
		}
	} else {
		logf("built without the pause image: no pod can start unless it is in %s", p.agent("images"))
	}
	files, _ := filepath.Glob(p.agent("images", "*"))
	for _, path := range files {
		name := filepath.Base(path)
		if !strings.HasSuffix(name, ".tar") && !strings.HasSuffix(name, ".tar.gz") && !strings.HasSuffix(name, ".tgz") {
			logf("images: %s is not imported (the stand-in takes .tar, .tar.gz and .tgz)", name)
			continue
		}
		begin := time.Now()
		file, err := os.Open(path)
		if err == nil {
			err = importArchive(ctx, file, name)
			file.Close()
		}
		if err != nil {
			logf("images: %s: %v", name, err)
			continue
		}
		logf("images: imported %s in %.1f s", name, time.Since(begin).Seconds())
	}
	return nil
}

func importArchive(ctx context.Context, archive io.Reader, name string) error {
	if !strings.HasSuffix(name, ".tar") {
		unpacked, err := gzip.NewReader(archive)
		if err != nil {
			return err
		}
		archive = unpacked
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	return run(ctx, archive, "ctr", "-a", containerdSocket, "-n", "k8s.io", "images", "import", "-")
}
