package eventpattern

import (
	"bytes"
	"strconv"
	"strings"
)

const (
	ipv4Bytes = 4
	ipv6Bytes = 16
	// maxIPv4Length is the length of 255.255.255.255; longer texts are no addresses, whatever their leading zeros.
	maxIPv4Length = 15
)

// parseAddress returns the 4 or 16 bytes of an IP address, or nil. It takes what Event Ruler takes and net/netip does
// not: leading zeros. IPv6 addresses that map IPv4 ones become 4 bytes. IPv6 addresses with a dotted part or a zone are
// none to Event Ruler.
func parseAddress(s string) []byte {
	if strings.Contains(s, ":") {
		return parseIPv6(s)
	}
	if len(s) > maxIPv4Length {
		return nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != ipv4Bytes {
		return nil
	}
	address := make([]byte, ipv4Bytes)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return nil
		}
		address[i] = byte(n)
	}
	return address
}

func parseIPv6(s string) []byte {
	before, after, shortened := strings.Cut(s, "::")
	head, ok := parseGroups(before)
	if !ok {
		return nil
	}
	tail, ok := parseGroups(after)
	if !ok {
		return nil
	}
	missing := ipv6Bytes - len(head) - len(tail)
	if shortened && missing <= 0 || !shortened && missing != 0 {
		return nil
	}
	address := append(append(head, make([]byte, missing)...), tail...)
	mapped := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}
	if rest, ok := bytes.CutPrefix(address, mapped); ok {
		return rest
	}
	return address
}

// parseGroups reads groups of hexadecimal digits between colons, two bytes each.
func parseGroups(s string) ([]byte, bool) {
	if s == "" {
		return nil, true
	}
	var address []byte
	for _, group := range strings.Split(s, ":") {
		n, err := strconv.ParseUint(group, 16, 64)
		if err != nil || n > 0xffff {
			return nil, false
		}
		address = append(address, byte(n>>8), byte(n))
	}
	return address, true
}

// addressRange matches IP addresses from bottom to top, both included.
type addressRange struct {
	bottom, top []byte
}

// block is the range of the addresses that share the first bits of address.
func block(address []byte, bits int) addressRange {
	r := addressRange{bytes.Clone(address), bytes.Clone(address)}
	for i := range address {
		hostBits := min(8, max(0, (i+1)*8-bits))
		mask := byte(1<<hostBits - 1)
		r.bottom[i] &^= mask
		r.top[i] |= mask
	}
	return r
}

func (r addressRange) match(text string) bool {
	if text[0] != '"' {
		return false
	}
	address := parseAddress(text[1 : len(text)-1])
	if address == nil {
		return false
	}
	// Event Ruler compares addresses of different lengths as far as both go. That settles the matter for a short range,
	// and for a short address only when it is not the start of a bound.
	shared := min(len(address), len(r.bottom))
	above, below := bytes.Compare(address[:shared], r.bottom[:shared]), bytes.Compare(address[:shared], r.top[:shared])
	if len(address) < len(r.bottom) {
		return above > 0 && below < 0
	}
	return above >= 0 && below <= 0
}
