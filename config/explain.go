package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// emailTaboo are the characters that CreateAccount refuses in a local part (Organizations API
// reference, parameter Email), and braces, which would be a placeholder that nothing fills in.
const emailTaboo = "\"'()<>[]{}:;,\\|%& \t"

var domainName = regexp.MustCompile(`^` + emailDomain + `$`)

// explainEmail says why an address is none.
func explainEmail(s string) (Problem, bool) {
	local, domain, found := strings.Cut(s, "@")
	wrong := func(message string) (Problem, bool) {
		return Problem{Message: message, Fix: "for example orders@example.com"}, true
	}
	switch {
	case !found:
		return wrong("an e-mail address needs an @")
	case strings.Contains(domain, "@"):
		return wrong("an e-mail address has one @ only")
	case strings.Contains(s, "{account}"):
		return Problem{Message: "{account} is filled in for the pattern `email` at the top of the file only", Fix: "write the whole address, or remove the line to use the pattern"}, true
	case local == "" || domain == "":
		return wrong("an e-mail address has something before and after the @")
	case strings.HasPrefix(local, "."):
		return wrong("an e-mail address must not start with a dot")
	}
	if i := strings.IndexAny(local, emailTaboo); i >= 0 {
		return wrong(fmt.Sprintf("the part before the @ must not hold %q", local[i:i+1]))
	}
	if odd, is := oddCharacter(s); is {
		return wrong("an e-mail address consists of visible ASCII characters; " + odd)
	}
	if !strings.Contains(domain, ".") {
		return wrong("the part after the @ needs a dot")
	}
	if !domainName.MatchString(domain) {
		return wrong("the part after the @ is no domain name: letters, digits and hyphens between dots, without a hyphen at an end")
	}
	return Problem{}, false
}

var contactLocal = regexp.MustCompile(`^[A-Za-z0-9_+=.#|!&-]+$`)

// explainContactEmail says why an address is none that a contact can have, which differs from root addresses.
func explainContactEmail(s string) (Problem, bool) {
	local, domain, _ := strings.Cut(s, "@")
	if p, wrong := explainEmail(strings.NewReplacer("|", "-", "&", "-").Replace(s)); wrong {
		if strings.Contains(s, "{account}") {
			p.Fix = "write one address for all accounts"
		}
		return p, true
	}
	if !contactLocal.MatchString(local) {
		return Problem{Message: "AWS takes only letters, digits and . _ + = # | ! & - before the @ of a contact", Fix: "for example security@example.com"}, true
	}
	if last := domain[strings.LastIndex(domain, ".")+1:]; strings.Contains(last, "-") {
		return Problem{Message: "AWS takes no contact whose domain ends in a name with a hyphen, as the internationalized ones do", Fix: "use an address of another domain"}, true
	}
	return Problem{}, false
}

// explainPhone says why a word is no telephone number that AWS takes.
func explainPhone(s string) (Problem, bool) {
	if i := strings.IndexFunc(s, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }); i >= 0 {
		return Problem{Message: "a telephone number has no letters; AWS takes digits, spaces and ( ) + - only", Fix: `for example "+49 30 1234567"`}, true
	}
	return Problem{}, false
}

// explainRunbooks says why an address is none that the name of a runbook can follow.
func explainRunbooks(s string) (Problem, bool) {
	rest, secure := strings.CutPrefix(s, "https://")
	switch {
	case strings.HasPrefix(strings.ToLower(s), "http://"):
		return Problem{Message: "the address is not encrypted on its way: it must begin with https://", Nearest: "https://" + s[len("http://"):]}, true
	case !secure:
		return Problem{Message: "the address must begin with https://", Fix: "for example " + DefaultRunbooks}, true
	case strings.HasSuffix(s, ".md"):
		return Problem{Message: "the address names one runbook, and the key takes what all of them begin with", Nearest: s[:strings.LastIndex(s, "/")+1]}, true
	case rest != "" && !strings.HasSuffix(s, "/") && !strings.ContainsAny(s, "?#"):
		return Problem{Message: "the address must end with /, because the name of a runbook follows it", Nearest: s + "/"}, true
	}
	return Problem{}, false
}

// explainWorkspace says what a word is that is no id of a Slack workspace.
func explainWorkspace(s string) (Problem, bool) {
	if strings.Contains(s, "slack.com") || strings.ToLower(s) == s {
		return Problem{Message: "this is the workspace's name or address, and the key takes its id, which starts with T", Fix: "authorize the workspace in the console of Amazon Q Developer in chat applications, which then shows the id"}, true
	}
	if strings.HasPrefix(s, "E") {
		return Problem{Message: "this is the id of a Slack organization, and the key takes that of one of its workspaces, which starts with T"}, true
	}
	return Problem{}, false
}

// explainSlackChannel says what a word is that is no id of a Slack channel.
func explainSlackChannel(s string) (Problem, bool) {
	switch {
	case strings.HasPrefix(s, "https://"):
		return Problem{Message: "this is the channel's link, and the key takes the id at its end", Nearest: s[strings.LastIndex(s, "/")+1:]}, true
	case strings.HasPrefix(s, "#"), strings.ToLower(s) == s:
		return Problem{Message: "this is the channel's name, and the key takes its id, which starts with C or G and stays when the channel is renamed", Fix: "copy the channel's link in Slack; the id is its last part"}, true
	case strings.HasPrefix(s, "D"):
		return Problem{Message: "this is the id of a direct message, and alerts go to a channel, whose id starts with C or G"}, true
	case strings.HasPrefix(s, "U"), strings.HasPrefix(s, "W"):
		return Problem{Message: "this is the id of a person, and alerts go to a channel, whose id starts with C or G"}, true
	}
	return Problem{}, false
}

// explainTeamsChannel says what a word is that is no id of a Teams channel as CloudFormation wants it
// (AWS::Chatbot::MicrosoftTeamsChannelConfiguration, TeamsChannelId).
func explainTeamsChannel(s string) (Problem, bool) {
	if rest, is := strings.CutPrefix(s, "https://"); is {
		p := Problem{Message: "this is the channel's link, and the key takes the part of it behind /channel/", Fix: "for example 19%3Aabc123%40thread.tacv2"}
		if _, after, found := strings.Cut(rest, "/channel/"); found {
			p.Nearest, _, _ = strings.Cut(after, "/")
		}
		return p, true
	}
	if strings.ContainsAny(s, ":@") {
		return Problem{Message: "the id must have %3A for : and %40 for @, as the channel's link has it", Nearest: strings.NewReplacer(":", "%3A", "@", "%40").Replace(s)}, true
	}
	return Problem{}, false
}

// explainTemplate says why the pattern of the accounts' addresses is none.
func explainTemplate(s string) (Problem, bool) {
	fix := "for example aws+{account}@example.com"
	if !strings.Contains(s, "{account}") {
		p := Problem{Message: "the pattern lacks {account}, so that all accounts would have one address, which AWS refuses", Fix: fix}
		if open, end := strings.Index(s, "{"), strings.Index(s, "}"); open >= 0 && end > open {
			p.Message, p.Nearest = "the only placeholder of the pattern is {account}", s[:open]+"{account}"+s[end+1:]
		}
		return p, true
	}
	if strings.Count(s, "{account}") > 1 {
		return Problem{Message: "the pattern has {account} more than once", Fix: fix}, true
	}
	filled := strings.Replace(s, "{account}", "a", 1)
	if p, wrong := explainEmail(filled); wrong {
		return Problem{Message: "the pattern leads to no valid address: " + p.Message, Fix: fix}, true
	}
	if _, domain, _ := strings.Cut(s, "@"); strings.Contains(domain, "{account}") {
		return Problem{Message: "{account} must be before the @", Fix: fix}, true
	}
	return Problem{}, false
}

// explainOU says why a path names no OU.
func explainOU(s string) (Problem, bool) {
	wrong := func(message, near string) (Problem, bool) {
		return Problem{Message: message, Nearest: near, Fix: "for example Workloads/Prod"}, true
	}
	names := strings.Split(s, "/")
	clean := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.TrimSpace(n) == "" })
	for i := range clean {
		clean[i] = strings.TrimSpace(clean[i])
	}
	near := strings.Join(clean, "/")
	switch {
	case strings.HasPrefix(s, "/"):
		return wrong("an OU path starts with a name, not with a /", near)
	case strings.HasSuffix(s, "/"):
		return wrong("an OU path ends with a name, not with a /", near)
	case strings.Contains(s, "//"):
		return wrong("the path has an empty name between two /", near)
	case len(names) > MaxOUDepth:
		return wrong(fmt.Sprintf("the path has %d levels, and AWS Organizations nests OUs at most %d deep", len(names), MaxOUDepth), "")
	}
	for _, n := range names {
		if n != strings.TrimSpace(n) {
			return wrong("the OU name "+fmt.Sprintf("%q", n)+" has a space at an end", near)
		}
		if length := utf8.RuneCountInString(n); length > MaxOUNameLength {
			return wrong(fmt.Sprintf("an OU name of the path has %d characters, and at most %d are allowed", length, MaxOUNameLength), "")
		}
	}
	return Problem{}, false
}

// explainRegion says what a word is that is no commercial Region.
func explainRegion(s string) (Problem, bool) {
	known := allRegions()
	if slices.Contains(known, s) {
		return Problem{}, false
	}
	p := Problem{Message: "not a commercial Region of AWS as of " + RegionsAsOf, Allowed: known, Nearest: Nearest(s, known)}
	if region := zoneRegion(s); region != "" {
		p.Message, p.Nearest = "this is an Availability Zone, and the key takes a Region", region
	}
	if advice := regionAdvice(s); advice != "" {
		p.Message, p.Nearest = advice, ""
	}
	for _, r := range KnownRegions() {
		if strings.EqualFold(r.Name, s) || strings.Contains(strings.ToLower(r.Name), "("+strings.ToLower(s)+")") {
			p.Message, p.Nearest = "this is the name of a Region, and the key takes its code", r.Code
		}
	}
	return p, true
}

// explainHome says why a Region cannot be the home Region. An opt-in Region cannot, because Security
// Hub's finding aggregator and central configuration do not exist there (AWS::SecurityHub::FindingAggregator
// and ConfigurationPolicy, availability by Region, 2026-11-23).
func explainHome(s string) (Problem, bool) {
	if p, wrong := explainRegion(s); wrong {
		p.Allowed = defaultRegions()
		if !slices.Contains(p.Allowed, p.Nearest) {
			p.Nearest = ""
		}
		return p, true
	}
	if slices.Contains(defaultRegions(), s) {
		return Problem{}, false
	}
	return Problem{
		Message: "this is an opt-in Region, which cannot be the home Region: new accounts do not have it, and Security Hub's aggregation and central configuration do not exist there",
		Allowed: defaultRegions(), Fix: "keep it among the governed Regions, and choose the home Region from those that every account has",
	}, true
}

// explainPrefix refuses prefixes that AWS or its tools keep for themselves.
func explainPrefix(s string) (Problem, bool) {
	why := ""
	switch {
	case strings.HasPrefix(s, "aws"):
		why = "AWS keeps names and tags that start with aws for itself"
	case strings.HasPrefix(s, "ssm"):
		why = "Systems Manager refuses parameters that start with ssm"
	case s == "amazon", s == "amzn":
		why = "AWS keeps names of this kind for itself"
	case s == "sthree":
		why = "Amazon S3 refuses buckets that start with sthree-"
	case s == "cdk":
		why = "the CDK's bootstrap resources start with cdk-, and guardrails would lock the CDK out"
	case s == "stacksets":
		why = "the roles of service-managed StackSets start with stacksets-, and guardrails would lock StackSets out"
	default:
		return Problem{}, false
	}
	return Problem{Message: "the prefix is reserved: " + why, Fix: "choose another word, for example landfall"}, true
}

// tagKey checks the key of a tag.
func (r rule) tagKey(key string) (p Problem, ok bool) {
	n := utf8.RuneCountInString(key)
	switch {
	case n == 0:
		p.Message = "a tag needs a key"
	case n > MaxTagKeyLength:
		p.Message = fmt.Sprintf("the tag key has %d characters, and at most %d are allowed", n, MaxTagKeyLength)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		p.Message = "AWS keeps tag keys that start with aws: for itself"
		p.Fix = "choose another key"
	case r.keyPattern != nil && !r.keyPattern.MatchString(key):
		p.Message = "a tag key consists of " + r.KeyShape
	default:
		return p, true
	}
	return p, false
}
