package zone

// The names here are those of resources that more than one account refers to. StackSets return nothing, so whoever
// refers to such a resource composes its ARN from the name and the account's id.

// TrailName is the organization trail, in the management account.
func (z *Zone) TrailName() string { return z.Resource("organization") }

// TrailBucketName is the bucket of the organization trail, in the log-archive account with the given id.
func (z *Zone) TrailBucketName(accountID string) string {
	return z.Resource("trail", accountID, z.HomeRegion)
}

// TrailKeyAlias is the alias of that bucket's key.
func (z *Zone) TrailKeyAlias() string { return "alias/" + z.Resource("trail") }

// ConfigBucketName is the bucket that receives what AWS Config records, in the log-archive account with the given id.
func (z *Zone) ConfigBucketName(accountID string) string {
	return z.Resource("config", accountID, z.HomeRegion)
}

// FindingsBucketName is the bucket that keeps exported findings, in the log-archive account with the given id.
func (z *Zone) FindingsBucketName(accountID string) string {
	return z.Resource("findings", accountID, z.HomeRegion)
}

// ArchiveKeyAlias is the alias of the key of these two buckets.
func (z *Zone) ArchiveKeyAlias() string { return "alias/" + z.Resource("archive") }

// HandlerRoleName is the role of the organization handler, in the management account.
func (z *Zone) HandlerRoleName() string { return z.Resource("organization-handler") }

// SecurityAdministrationRoleName is the role with which the handler acts in the audit account.
func (z *Zone) SecurityAdministrationRoleName() string { return z.Resource("security-administration") }

// EventForwarderRoleName is the role with which an account's rules send to the audit account.
func (z *Zone) EventForwarderRoleName() string { return z.Resource("event-forwarder") }

// ConfigRecorderRoleName is the role with which AWS Config records in an account. It is a role of the zone and not the
// service-linked one, whose creation fails in an account that has it already.
func (z *Zone) ConfigRecorderRoleName() string { return z.Resource("config-recorder") }

// AuditReadRoleName is the role with which people of the audit account look into every account, with its path. Roles of
// the zone that people assume have a path, so that they are no roles that guardrails exempt.
func (z *Zone) AuditReadRoleName() string { return z.Prefix + "/audit-read" }

// AlertBusName is the audit account's alert bus.
func (z *Zone) AlertBusName() string { return z.Resource("alerts") }
