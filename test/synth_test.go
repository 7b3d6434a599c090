// Package test holds what is asserted over whole zones: snapshots, the meaning of the policies that a
// zone deploys, and what an edit of the file may change.
package test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/zone"
	"github.com/landfall-aws/landfall/stacks"
)

var update = flag.Bool("update", false, "renew the golden files")

// again starts this test once more with the validator off. The CDK's process gets the environment that this
// process began with, so setting the variable here would come too late.
func again() {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	panic(syscall.Exec(program, os.Args, append(os.Environ(), "CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")))
}

// scratch is the folder of everything that the tests synthesize.
var scratch string

// TestMain switches the synthesis validator off, which costs seconds; synth in .ci/run keeps it on.
func TestMain(m *testing.M) {
	if os.Getenv("CDK_VALIDATION") == "" {
		again()
	}
	// The same edits every time; -rapid.seed and -rapid.checks try others.
	flag.Parse()
	if seed := flag.Lookup("rapid.seed"); seed != nil && seed.Value.String() == "0" {
		if err := seed.Value.Set("1"); err != nil {
			panic(err)
		}
	}
	var err error
	if scratch, err = os.MkdirTemp("", "landfall-test"); err != nil {
		panic(err)
	}
	code := m.Run()
	jsii.Close()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// assembly is a synthesized zone.
type assembly struct {
	zone *zone.Zone
	// stacks are the templates of the management account by stack id, members those inside StackSets by name.
	stacks, members map[string]template
	// protected says which stacks have termination protection.
	protected map[string]bool
	// dir is where the templates were written.
	dir string
}

// template is a CloudFormation template.
type template map[string]any

// resource is one resource of a template.
type resource struct {
	id, kind   string
	properties map[string]any
	all        map[string]any
}

// resources returns the resources of a type, or all of them when the type is empty, sorted by logical id.
func (t template) resources(kind string) []resource {
	var out []resource
	all, _ := t["Resources"].(map[string]any)
	for _, id := range sortedKeys(all) {
		r := all[id].(map[string]any)
		if kind == "" || r["Type"] == kind {
			properties, _ := r["Properties"].(map[string]any)
			out = append(out, resource{id, r["Type"].(string), properties, r})
		}
	}
	return out
}

// only returns the one resource of a type whose properties include the given ones.
func (t template) only(tb testing.TB, kind string, with map[string]any) resource {
	tb.Helper()
	var found []resource
	for _, r := range t.resources(kind) {
		if includes(r.properties, with) {
			found = append(found, r)
		}
	}
	require.Lenf(tb, found, 1, "resources of type %s with %v", kind, with)
	return found[0]
}

func includes(have, want map[string]any) bool {
	for key, value := range want {
		if fmt.Sprint(have[key]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// zoneOf resolves a configuration given as text.
func zoneOf(tb testing.TB, text string) *zone.Zone {
	tb.Helper()
	c, problems := config.Parse("test.yaml", []byte(text))
	require.Empty(tb, problems)
	return zone.Resolve(c)
}

// file reads a file of the repository.
func file(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	require.NoError(tb, err)
	return string(data)
}

// assemblies holds the zones that several tests read, by their text, so that each is synthesized once.
var assemblies = map[string]*assembly{}

// assemblyOf synthesizes a configuration given as text. Tests must not change what it returns.
func assemblyOf(tb testing.TB, text string) *assembly {
	tb.Helper()
	if assemblies[text] == nil {
		assemblies[text] = synthesize(tb, zoneOf(tb, text))
	}
	return assemblies[text]
}

// defaultAssembly is the zone of config/landing-zone.yaml.
func defaultAssembly(tb testing.TB) *assembly {
	tb.Helper()
	return assemblyOf(tb, file(tb, "config/landing-zone.yaml"))
}

// handlerSource is the handler's source, hashed once.
var handlerSource = sync.OnceValues(func() (constructs.HandlerSource, error) { return constructs.FindHandler("..") })

// synthesize writes the templates of a zone into a folder, without compiling the handler.
func synthesize(tb testing.TB, z *zone.Zone) *assembly {
	tb.Helper()
	return synthesizeWith(tb, z, nil)
}

// synthesizeWith does so with further CDK context, as cdk deploy --context gives it.
func synthesizeWith(tb testing.TB, z *zone.Zone, context map[string]any) *assembly {
	tb.Helper()
	var settings struct{ Context map[string]any }
	require.NoError(tb, json.Unmarshal([]byte(file(tb, "cdk.json")), &settings))
	settings.Context["aws:cdk:bundling-stacks"] = []any{}
	maps.Copy(settings.Context, context)
	handler, err := handlerSource()
	require.NoError(tb, err)
	props, err := stacks.NewProps(z, "", handler, settings.Context)
	require.NoError(tb, err)
	dir, err := os.MkdirTemp(scratch, "zone")
	require.NoError(tb, err)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), Context: &settings.Context, AnalyticsReporting: jsii.Bool(false)})
	require.NoError(tb, stacks.Add(app, props))
	app.Synth(nil)
	a := &assembly{zone: z, dir: dir, stacks: readTemplates(tb, dir), members: readTemplates(tb, filepath.Join(dir, "member-templates"))}
	a.protected = readProtection(tb, dir)
	return a
}

func readTemplates(tb testing.TB, dir string) map[string]template {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	require.NoError(tb, err)
	out := map[string]template{}
	for _, path := range paths {
		var t template
		readJSON(tb, path, &t)
		out[strings.TrimSuffix(filepath.Base(path), ".template.json")] = t
	}
	return out
}

func readProtection(tb testing.TB, dir string) map[string]bool {
	tb.Helper()
	var manifest struct {
		Artifacts map[string]struct {
			Type       string
			Properties struct{ TerminationProtection bool }
		}
	}
	readJSON(tb, filepath.Join(dir, "manifest.json"), &manifest)
	out := map[string]bool{}
	for id, artifact := range manifest.Artifacts {
		if artifact.Type == "aws:cloudformation:stack" {
			out[id] = artifact.Properties.TerminationProtection
		}
	}
	return out
}

func readJSON(tb testing.TB, path string, into any) {
	tb.Helper()
	data, err := os.ReadFile(path)
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(data, into))
}
