package constructs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"
)

// HandlerPackages are the folders, relative to the repository, whose Go files make up the handler.
// Their content is what the asset's hash is computed from.
func HandlerPackages() []string {
	return []string{"cmd/organization-handler", "internal/customresource", "internal/organization", "internal/resourcetype", "internal/security"}
}

// HandlerSource is where the handler's source lives and how it is built.
type HandlerSource struct {
	// Root is the folder of the repository.
	Root string
	// Hash identifies the source; see HashHandler.
	Hash string
}

// FindHandler returns the source of the handler in a repository, with its hash.
func FindHandler(root string) (HandlerSource, error) {
	hash, err := HashHandler(root)
	if err != nil {
		return HandlerSource{}, fmt.Errorf("hashing the handler's source: %w", err)
	}
	return HandlerSource{Root: root, Hash: hash}, nil
}

// HashHandler hashes the handler's Go files without tests, go.mod and go.sum, by name and content,
// so that the same source has the same hash on every machine.
func HashHandler(root string) (string, error) {
	files := []string{"go.mod", "go.sum"}
	for _, dir := range HandlerPackages() {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.go"))
		if err != nil {
			return "", err
		}
		for _, f := range found {
			if !strings.HasSuffix(f, "_test.go") {
				files = append(files, dir+"/"+filepath.Base(f))
			}
		}
	}
	slices.Sort(files)
	h := sha256.New()
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f)))
		if err != nil {
			return "", err
		}
		// A checkout with CRLF line ends has the same source.
		data = []byte(strings.ReplaceAll(string(data), "\r\n", "\n"))
		fmt.Fprintf(h, "%s\n%d\n", f, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// code is the asset; it is compiled only when the CDK needs its content.
func (s HandlerSource) code() awslambda.Code {
	return awslambda.Code_FromAsset(jsii.String(filepath.Join(s.Root, "cmd", "organization-handler")), &awss3assets.AssetOptions{
		AssetHash:     jsii.String(s.Hash),
		AssetHashType: awscdk.AssetHashType_CUSTOM,
		Bundling: &awscdk.BundlingOptions{
			// Never used: the local build below either succeeds or stops the synthesis.
			Image: awscdk.DockerImage_FromRegistry(jsii.String("golang")),
			Local: &goBuild{root: s.Root},
		},
	})
}

// goBuild compiles the handler for Lambda on this machine.
type goBuild struct{ root string }

// TryBundle builds the executable that the runtime provided.al2023 starts.
func (b *goBuild) TryBundle(outputDir *string, _ *awscdk.BundlingOptions) *bool {
	if err := BuildHandler(b.root, filepath.Join(*outputDir, "bootstrap"), "linux", "arm64"); err != nil {
		// The CDK calls this through its JavaScript kernel, where an error cannot be returned.
		panic(err)
	}
	return jsii.Bool(true)
}

// BuildHandler compiles the handler of a repository reproducibly: no paths, no build id, no symbols.
func BuildHandler(root, output, goos, goarch string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w -buildid=", "-o", output, "./cmd/organization-handler")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the organization handler: %w\n%s", err, out)
	}
	return nil
}
