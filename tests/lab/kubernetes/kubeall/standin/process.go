package standin

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// childMark is set for components that the stand-in starts; its value is the data directory.
const childMark = "K3S_STANDIN_DATA_DIR"

// IsChild says whether this process was started by the stand-in.
func IsChild() bool { return os.Getenv(childMark) != "" }

// patience is how long a component may take to end before it is killed.
const patience = 8 * time.Second

// tries is how often a component is started: on a machine with too much to do, one may give up because another was
// slow to answer. What is wrong (a bad argument) is wrong each time, and the unit then fails as k3s does.
const tries = 3

type child struct {
	name string
	make func() *exec.Cmd
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended for good
}

// family starts components and ends them together: when one ends by itself, all do, and systemd starts the unit again.
type family struct {
	dataDir  string
	mu       sync.Mutex
	children []*child
	ending   bool
	failed   chan error
	jobs     chan func()
}

func newFamily(dataDir string) *family {
	f := &family{dataDir: dataDir, failed: make(chan error, 16), jobs: make(chan func())}
	// A child's death signal is tied to the thread that started it, so one thread starts them all and stays.
	go func() {
		runtime.LockOSThread()
		for job := range f.jobs {
			job()
		}
	}()
	return f
}

// component starts a part of this binary under its own name.
func (f *family) component(name string, args []string) error {
	return f.start(name, func() *exec.Cmd {
		cmd := exec.Command("/proc/self/exe", args...)
		cmd.Args[0] = name
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		cmd.Env = append(environment(), childMark+"="+f.dataDir)
		return cmd
	})
}

// program starts another program with its output in a file.
func (f *family) program(name, path string, args []string, output string) error {
	file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	return f.start(name, func() *exec.Cmd {
		cmd := exec.Command(path, args...)
		cmd.Stdout, cmd.Stderr = file, file
		cmd.Env = environment()
		return cmd
	})
}

// environment is ours without systemd's socket: the unit is ready when the stand-in says so, not one of its parts.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "NOTIFY_SOCKET=") })
}

func (f *family) start(name string, command func() *exec.Cmd) error {
	c := &child{name: name, make: command, done: make(chan struct{})}
	if err := f.launch(c); err != nil {
		return err
	}
	f.mu.Lock()
	f.children = append(f.children, c)
	f.mu.Unlock()
	go f.watch(c)
	return nil
}

func (f *family) launch(c *child) error {
	cmd := c.make()
	// Should the stand-in be killed, its components go too; pods stay, since their shims are no children of ours.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	f.jobs <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	logf("started %s (pid %d)", c.name, cmd.Process.Pid)
	f.mu.Lock()
	c.cmd = cmd
	f.mu.Unlock()
	return nil
}

// watch waits for the end of a component and starts it again, a few times.
func (f *family) watch(c *child) {
	defer close(c.done)
	for try := 1; ; try++ {
		err := c.cmd.Wait()
		f.mu.Lock()
		ending := f.ending
		f.mu.Unlock()
		if ending {
			return
		}
		if try == tries {
			f.failed <- fmt.Errorf("%s ended: %v", c.name, err)
			return
		}
		logf("%s ended: %v; it is started again", c.name, err)
		time.Sleep(time.Second)
		f.mu.Lock()
		ending = f.ending
		f.mu.Unlock()
		if ending {
			return
		}
		if err := f.launch(c); err != nil {
			f.failed <- err
			return
		}
	}
}

// end ends all in the reverse order of their start.
func (f *family) end() {
	f.mu.Lock()
	f.ending = true
	children := f.children
	f.mu.Unlock()
	for i := len(children) - 1; i >= 0; i-- {
		c := children[i]
		f.mu.Lock()
		process := c.cmd.Process
		f.mu.Unlock()
		_ = process.Signal(syscall.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(patience):
			logf("%s does not end: killed", c.name)
			_ = process.Kill()
			<-c.done
		}
	}
}

// wait runs until a signal (nil) or until a component ends by itself (its error).
func (f *family) wait(ctx context.Context) error {
	select {
	case err := <-f.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// signals gives a context that ends with SIGTERM or SIGINT.
func signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

// until asks again and again until it works, the time is up, or a component has ended.
func (f *family) until(ctx context.Context, what string, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		one, done := context.WithTimeout(ctx, 5*time.Second)
		err := ask(one)
		done()
		if err == nil {
			return nil
		}
		select {
		case failed := <-f.failed:
			return failed
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, limit, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// run runs a short program to its end with input from a reader.
func run(ctx context.Context, input io.Reader, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = input
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", path, err, out)
	}
	return nil
}
