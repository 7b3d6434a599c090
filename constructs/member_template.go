package constructs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/template"
)

// MemberTemplate is a template that a StackSet carries into accounts. It has no assets, since members cannot read the
// bucket of the management account.
type MemberTemplate struct {
	// Body is the template as compact JSON.
	Body string
	// Path is the file that holds the template, for people and for StackSets whose template is too large to be inline.
	Path string
}

// WriteMemberTemplate writes a template into a folder, under its name.
func WriteMemberTemplate(dir, name string, t *template.Template) (MemberTemplate, error) {
	body, err := t.JSON()
	if err != nil {
		return MemberTemplate{}, err
	}
	var readable bytes.Buffer
	if err := json.Indent(&readable, body, "", " "); err != nil {
		return MemberTemplate{}, fmt.Errorf("writing the member template %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return MemberTemplate{}, fmt.Errorf("writing the member template %s: %w", name, err)
	}
	path := filepath.Join(dir, name+".template.json")
	if err := os.WriteFile(path, readable.Bytes(), 0o644); err != nil {
		return MemberTemplate{}, fmt.Errorf("writing the member template %s: %w", name, err)
	}
	return MemberTemplate{Body: string(body), Path: path}, nil
}

// ValidateMemberTemplates has the CDK read the templates and run its validator over them, as it does with stacks; it
// stops the synthesis when one is wrong.
func ValidateMemberTemplates(templates map[string]MemberTemplate, context map[string]any) error {
	dir, err := os.MkdirTemp("", "landfall-member-templates")
	if err != nil {
		return fmt.Errorf("validating the member templates: %w", err)
	}
	defer os.RemoveAll(dir)
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:                  jsii.String(dir),
		AnalyticsReporting:      jsii.Bool(false),
		TreeMetadata:            jsii.Bool(false),
		DefaultStackSynthesizer: awscdk.NewBootstraplessSynthesizer(nil),
		Context:                 &context,
	})
	for name, t := range templates {
		stack := awscdk.NewStack(app, jsii.String(name), nil)
		cloudformationinclude.NewCfnInclude(stack, jsii.String("Template"), &cloudformationinclude.CfnIncludeProps{TemplateFile: jsii.String(t.Path)})
	}
	app.Synth(nil)
	return nil
}
