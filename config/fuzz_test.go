package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the bytes are, Parse returns a zone or problems, and each problem is one line with a place.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "landing-zone.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 4096 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		zone, problems := Parse("fuzz.yaml", data)
		if (zone == nil) == (len(problems) == 0) {
			t.Fatalf("zone %v with problems %v", zone, problems)
		}
		for i, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || p.File != "fuzz.yaml" {
				t.Fatalf("incomplete problem %#v", p)
			}
			if strings.ContainsAny(p.String(), "\n\r") {
				t.Fatalf("more than one line: %q", p.String())
			}
			if i > 0 && problems[i-1].Line > p.Line {
				t.Fatalf("not sorted: %v", problems)
			}
		}
		if _, err := json.Marshal(problems); err != nil {
			t.Fatal(err)
		}
		if zone != nil {
			again, _ := Parse("fuzz.yaml", data)
			a, _ := json.Marshal(zone)
			b, _ := json.Marshal(again)
			if string(a) != string(b) {
				t.Fatal("the same file makes two zones")
			}
		}
	})
}
