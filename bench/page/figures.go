package page

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Figures puts into the place of that name what a command printed, below the command.
func Figures(file, name, command, printed string) error {
	return Write(file, name, fmt.Sprintf("\n```sh\n%s\n```\n\n```text\n%s```\n\n", command, printed))
}

// Machine says on what this runs, and how busy it is before (Linux, proc(5)).
func Machine() (string, error) {
	total, err := field("/proc/meminfo", "MemTotal")
	if err != nil {
		return "", err
	}
	kB, err := strconv.ParseFloat(strings.TrimSuffix(total, " kB"), 64)
	if err != nil {
		return "", err
	}
	model, err := field("/proc/cpuinfo", "model name")
	if err != nil {
		return "", err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", err
	}
	minute, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d CPUs, %s, %.0f GB of memory, %s/%s, %s; load average before the run %s",
		runtime.NumCPU(), model, kB*1024/1e9, runtime.GOOS, runtime.GOARCH, runtime.Version(), minute), nil
}

// field reads a value of a file of names and values.
func field(path, name string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "unknown", lines.Err()
}
