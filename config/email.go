package config

import "strings"

// EmailFor expands an e-mail pattern for an account name: {account} becomes the name in lower case
// with every run of characters that an address cannot carry replaced by one hyphen.
func EmailFor(pattern, account string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(account) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.ReplaceAll(pattern, "{account}", strings.Trim(b.String(), "-."))
}
