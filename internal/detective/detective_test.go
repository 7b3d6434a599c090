package detective

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/controls"
)

func TestTheCatalogueLoads(t *testing.T) {
	rules, err := Load(controls.Detective())
	require.NoError(t, err)
	require.NotEmpty(t, rules)
	// The rules that every zone must have.
	var identifiers []string
	for _, r := range rules {
		identifiers = append(identifiers, r.Identifier)
	}
	require.Subset(t, identifiers, []string{
		"S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "INCOMING_SSH_DISABLED",
		"ROOT_ACCOUNT_MFA_ENABLED", "ENCRYPTED_VOLUMES", "EC2_EBS_ENCRYPTION_BY_DEFAULT",
	})
}

func TestEveryMistakeOfARuleIsReported(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"detective/one.yaml": {Data: []byte("id: two\ntitle: One\nidentifier: encrypted volumes\nwhere: everywhere\n")},
		"detective/key.yaml": {Data: []byte("id: key\nfrequency: daily\n")},
		"detective/a.yaml":   {Data: []byte("id: a\ntitle: A\nidentifier: SAME\nwhere: global\nwhy: w\n")},
		"detective/b.yaml":   {Data: []byte("id: b\ntitle: B\nidentifier: SAME\nwhere: global\nwhy: w\n")},
	})
	for _, part := range []string{
		`detective/one.yaml: id: got "two"; it must be the file's name, "one"`,
		`detective/one.yaml: identifier: got "encrypted volumes"`,
		`detective/one.yaml: where: got "everywhere"; it must be regional or global`,
		`detective/one.yaml: why: `,
		`detective/key.yaml: [2:1] unknown field "frequency"`,
		`detective/b.yaml: identifier: SAME is used in detective/a.yaml already`,
	} {
		require.ErrorContains(t, err, part)
	}
}
