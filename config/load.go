package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// DefaultPath is where the file is, from the root of the repository.
const DefaultPath = "config/landing-zone.yaml"

// Load reads and checks the file at path. It returns the zone with all defaults filled in, or nil and
// every problem that the file has. Problems.Unreadable tells a file that cannot be read from a wrong one.
func Load(path string) (*LandingZone, Problems) {
	data, problem := read(path)
	if problem != nil {
		problem.File, problem.Unreadable = path, true
		return nil, Problems{*problem}
	}
	return Parse(path, data)
}

// read returns the content of a regular file of at most MaxFileBytes. It never opens anything else,
// because opening a pipe or a device can wait for ever.
func read(path string) ([]byte, *Problem) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Problem{Message: "no such file", Fix: missingAdvice(path)}
	case err != nil:
		return nil, &Problem{Message: "the file cannot be read: " + cause(err)}
	case info.IsDir():
		return nil, &Problem{Message: "this is a directory, not a file", Fix: "name the file in it with --config, as in --config " + filepath.Join(path, filepath.Base(DefaultPath))}
	case !info.Mode().IsRegular():
		return nil, &Problem{Message: "this is not a regular file (" + info.Mode().Type().String() + "), and only regular files are read"}
	case info.Size() > MaxFileBytes:
		return nil, tooLarge(info.Size())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Problem{Message: "the file cannot be read: " + cause(err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, &Problem{Message: "the file cannot be read: " + cause(err)}
	}
	if len(data) > MaxFileBytes {
		return nil, tooLarge(int64(len(data)))
	}
	return data, nil
}

func tooLarge(size int64) *Problem {
	return &Problem{Message: fmt.Sprintf("the file has %d bytes, and at most %d are read", size, MaxFileBytes), Fix: "a zone of 5,000 accounts needs less than that: is this the right file?"}
}

// cause is the reason of a file-system error without the path, which the problem names already.
func cause(err error) string {
	if e, is := errors.AsType[*fs.PathError](err); is {
		return e.Err.Error()
	}
	return err.Error()
}

// missingAdvice looks for a file that the caller may have meant.
func missingAdvice(path string) string {
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	for _, other := range []string{stem + ".yaml", stem + ".yml", filepath.Join("config", filepath.Base(path)), DefaultPath} {
		if info, err := os.Stat(other); err == nil && info.Mode().IsRegular() && filepath.Clean(other) != filepath.Clean(path) {
			return fmt.Sprintf("there is %s: name it with --config %s", other, other)
		}
	}
	return "run in the root of the repository, or name the file with --config"
}

// text checks that data is text and brings it to one form: UTF-8 without byte order mark, lines that end in a line feed.
func text(data []byte) (string, *Problem) {
	for _, mark := range [][]byte{{0xFF, 0xFE}, {0xFE, 0xFF}} {
		if bytes.HasPrefix(data, mark) {
			return "", &Problem{Line: 1, Column: 1, Message: "the file is in UTF-16, and it must be in UTF-8", Fix: "save it as UTF-8"}
		}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	for offset, line := 0, 1; offset < len(data); {
		r, size := utf8.DecodeRune(data[offset:])
		invalid := r == utf8.RuneError && size == 1
		if invalid || r == 0 {
			start := bytes.LastIndexByte(data[:offset], '\n') + 1
			message := fmt.Sprintf("byte 0x%02X at offset %d is not UTF-8", data[offset], offset)
			if !invalid {
				message = fmt.Sprintf("byte 0x00 at offset %d: this is not a text file", offset)
			}
			return "", &Problem{Line: line, Column: utf8.RuneCount(data[start:offset]) + 1, Message: message, Fix: "save the file as UTF-8"}
		}
		if r == '\n' {
			line++
		}
		offset += size
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n"), nil
}
