package constructs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/template"
)

// newResource adds a resource by its properties as CloudFormation names them, which may hold policy documents and
// intrinsic functions of package template and tokens of the CDK. It is for what is mostly policy: the CDK's own types
// take a call to its process for each statement, and most of the time of a synthesis are such calls.
func newResource(scope constructs.Construct, id, resourceType string, properties map[string]any) awscdk.CfnResource {
	data, err := json.Marshal(properties)
	if err != nil {
		panic(fmt.Errorf("the properties of %s: %w", id, err))
	}
	var plain map[string]any
	if err := json.Unmarshal(data, &plain); err != nil {
		panic(fmt.Errorf("the properties of %s: %w", id, err))
	}
	this := constructs.NewConstruct(scope, jsii.String(id))
	return awscdk.NewCfnResource(this, jsii.String("Resource"), &awscdk.CfnResourceProps{Type: jsii.String(resourceType), Properties: &plain})
}

// include adds all resources of a template at once, with their logical ids, and gives its parameters their values.
func include(scope constructs.Construct, id string, t *template.Template, values map[string]any) {
	if err := includeFile(scope, id, t, values); err != nil {
		panic(fmt.Errorf("adding the resources of %s: %w", id, err))
	}
}

func includeFile(scope constructs.Construct, id string, t *template.Template, values map[string]any) error {
	text, err := t.JSON()
	if err != nil {
		return err
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	// The stack has a description of its own.
	delete(plain, "Description")
	if text, err = json.Marshal(plain); err != nil {
		return err
	}
	file, err := os.CreateTemp("", "landfall-*.template.json")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(text)
	if closing := file.Close(); err != nil || closing != nil {
		return errors.Join(err, closing)
	}
	cloudformationinclude.NewCfnInclude(scope, jsii.String(id), &cloudformationinclude.CfnIncludeProps{TemplateFile: jsii.String(file.Name()), Parameters: &values})
	return nil
}

// attribute is a return value of Fn::GetAtt of a resource, as a token.
func attribute(r awscdk.CfnResource, name string) *string {
	return r.GetAtt(jsii.String(name), awscdk.ResolutionTypeHint_STRING).ToString()
}

// arn is an ARN of the account that deploys, in which CloudFormation replaces pseudo parameters; the text follows the
// partition.
func arn(text string) any { return template.Sub("arn:${AWS::Partition}:"+text, nil) }

// awsManagedPolicy is the ARN of a policy that AWS manages, by name with its path.
func awsManagedPolicy(name string) any { return arn("iam::aws:policy/" + name) }
