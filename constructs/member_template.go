package constructs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// MemberTemplate is a synthesized template for member accounts.
type MemberTemplate struct {
	// Body is the template as compact JSON.
	Body string
	// Path is the file that holds the template.
	Path string
}

// MemberApp synthesizes the templates that StackSets carry into accounts. Such templates have no
// assets, since members cannot read the bucket of the management account, and no bootstrap version.
type MemberApp struct {
	awscdk.App
}

// NewMemberApp returns an app whose templates are written to a folder.
func NewMemberApp(outdir string, context map[string]any) *MemberApp {
	return &MemberApp{awscdk.NewApp(&awscdk.AppProps{
		Outdir:                  jsii.String(outdir),
		AnalyticsReporting:      jsii.Bool(false),
		TreeMetadata:            jsii.Bool(false),
		DefaultStackSynthesizer: awscdk.NewBootstraplessSynthesizer(nil),
		Context:                 &context,
	})}
}

// NewStack adds a template.
func (a *MemberApp) NewStack(name, description string) awscdk.Stack {
	return awscdk.NewStack(a.App, jsii.String(name), &awscdk.StackProps{Description: jsii.String(description)})
}

// Templates synthesizes the app and returns its templates by stack name.
func (a *MemberApp) Templates() (map[string]MemberTemplate, error) {
	assembly := a.Synth(nil)
	out := map[string]MemberTemplate{}
	for _, stack := range *assembly.Stacks() {
		path := filepath.Join(*assembly.Directory(), *stack.TemplateFile())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the member template %s: %w", *stack.StackName(), err)
		}
		var body bytes.Buffer
		if err := json.Compact(&body, data); err != nil {
			return nil, fmt.Errorf("compacting the member template %s: %w", *stack.StackName(), err)
		}
		out[*stack.StackName()] = MemberTemplate{Body: body.String(), Path: path}
	}
	return out, nil
}
