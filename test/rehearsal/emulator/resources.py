"""Resource types as calls to the server's own services.

Each class translates the properties of one CloudFormation type into API calls
and keeps nothing but the physical id and the attributes that templates read.
The property names are those of the CloudFormation template reference.
"""

import json
from typing import Any

from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel

from emulator import services


class Place:
    """The account and Region that a resource belongs to."""

    def __init__(self, account: str, region: str, logical_id: str = ""):
        self.account, self.region, self.logical_id = account, region, logical_id

    def api(self, service: str) -> Any:
        return services.client(service, self.account, self.region)

    def arn(self, service: str, rest: str, region: str | None = None) -> str:
        return f"arn:aws:{service}:{self.region if region is None else region}:{self.account}:{rest}"


class Resource(CloudFormationModel):
    """A resource with a physical id. Subclasses name their type and make the calls."""

    TYPE = ""
    NAME = ""  # property that names the resource

    def __init__(self, physical_id: str, attributes: dict[str, Any] | None = None):
        self.physical_resource_id = physical_id
        self.attributes = attributes or {}

    @classmethod
    def make(cls, place: Place, name: str, p: dict[str, Any]) -> "Resource":
        raise NotImplementedError(cls.TYPE)

    @classmethod
    def change(cls, place: Place, before: "Resource", p: dict[str, Any]) -> "Resource":
        """Updates without replacing; types that cannot say so."""
        raise RuntimeError(f"an update of {cls.TYPE} is not translated")

    @classmethod
    def remove(cls, place: Place, physical_id: str, p: dict[str, Any]) -> None:
        raise RuntimeError(f"a deletion of {cls.TYPE} is not translated")

    @classmethod
    def cloudformation_type(cls) -> str:  # type: ignore[override]
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls) -> str:  # type: ignore[override]
        return cls.NAME

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    def is_created(self) -> bool:
        return True

    def get_cfn_attribute(self, name: str) -> Any:
        return self.attributes[name]

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        place = Place(account_id, region_name, kwargs.get("LogicalId", ""))
        return cls.make(place, resource_name, cloudformation_json.get("Properties", {}))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        place = Place(account_id, region_name, getattr(original_resource, "logical_resource_id", ""))
        return cls.change(place, original_resource, cloudformation_json.get("Properties", {}))

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        cls.remove(Place(account_id, region_name), resource_name, cloudformation_json.get("Properties", {}))


def register() -> None:
    """Adds the types to those that moto knows; they take precedence."""
    own = moto_models()
    parsing.get_model_list = lambda: own  # type: ignore[assignment]


def moto_models() -> list[type[CloudFormationModel]]:
    return [m for m in CloudFormationModel.__subclasses__() if m is not Resource] + Resource.__subclasses__()


def text(document: Any) -> str:
    """A policy document as CloudFormation sends it: without whitespace."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"), default=str)


def boolean(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def whole(value: Any) -> int:
    return int(value)


# --- Organizations ---------------------------------------------------------


class OrganizationsPolicy(Resource):
    TYPE = "AWS::Organizations::Policy"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("organizations")
        summary = api.create_policy(
            Name=p["Name"], Description=p.get("Description", ""), Type=p["Type"], Content=text(p["Content"]),
            Tags=p.get("Tags", []),
        )["Policy"]["PolicySummary"]
        for target in p.get("TargetIds", []):
            api.attach_policy(PolicyId=summary["Id"], TargetId=target)
        return cls(summary["Id"], {"Id": summary["Id"], "Arn": summary["Arn"], "AwsManaged": False})

    @classmethod
    def change(cls, place, before, p):
        api, policy = place.api("organizations"), before.physical_resource_id
        api.update_policy(PolicyId=policy, Name=p["Name"], Description=p.get("Description", ""), Content=text(p["Content"]))
        attached = {t["TargetId"] for t in api.list_targets_for_policy(PolicyId=policy)["Targets"]}
        wanted = set(p.get("TargetIds", []))
        for target in sorted(wanted - attached):
            api.attach_policy(PolicyId=policy, TargetId=target)
        for target in sorted(attached - wanted):
            api.detach_policy(PolicyId=policy, TargetId=target)
        return cls(policy, before.attributes)

    @classmethod
    def remove(cls, place, physical_id, p):
        api = place.api("organizations")
        for target in api.list_targets_for_policy(PolicyId=physical_id)["Targets"]:
            api.detach_policy(PolicyId=physical_id, TargetId=target["TargetId"])
        api.delete_policy(PolicyId=physical_id)


# --- CloudFormation --------------------------------------------------------


class PermissionSet(Resource):
    TYPE = "AWS::SSO::PermissionSet"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("sso-admin")
        optional = {k: p[k] for k in ("Description", "SessionDuration") if k in p}
        arn = api.create_permission_set(Name=p["Name"], InstanceArn=p["InstanceArn"], **optional)["PermissionSet"]["PermissionSetArn"]
        cls.policies(api, p["InstanceArn"], arn, p)
        return cls(f"{p['InstanceArn']}|{arn}", {"PermissionSetArn": arn})

    @classmethod
    def change(cls, place, before, p):
        api = place.api("sso-admin")
        instance, arn = before.physical_resource_id.split("|")
        optional = {k: p[k] for k in ("Description", "SessionDuration") if k in p}
        api.update_permission_set(InstanceArn=instance, PermissionSetArn=arn, **optional)
        cls.policies(api, instance, arn, p)
        return before

    @classmethod
    def remove(cls, place, physical_id, p):
        instance, arn = physical_id.split("|")
        place.api("sso-admin").delete_permission_set(InstanceArn=instance, PermissionSetArn=arn)

    @staticmethod
    def policies(api, instance, arn, p):
        of = {"InstanceArn": instance, "PermissionSetArn": arn}
        wanted = set(p.get("ManagedPolicies", []))
        there = {a["Arn"] for a in api.list_managed_policies_in_permission_set(**of)["AttachedManagedPolicies"]}
        for policy in sorted(wanted - there):
            api.attach_managed_policy_to_permission_set(ManagedPolicyArn=policy, **of)
        for policy in sorted(there - wanted):
            api.detach_managed_policy_from_permission_set(ManagedPolicyArn=policy, **of)
        if "InlinePolicy" in p:
            api.put_inline_policy_to_permission_set(InlinePolicy=text(p["InlinePolicy"]), **of)
        else:
            api.delete_inline_policy_from_permission_set(**of)


class Assignment(Resource):
    TYPE = "AWS::SSO::Assignment"
    PROPERTIES = ("InstanceArn", "TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")

    @classmethod
    def make(cls, place, name, p):
        place.api("sso-admin").create_account_assignment(**{k: p[k] for k in cls.PROPERTIES})
        return cls("|".join(p[k] for k in cls.PROPERTIES))

    @classmethod
    def remove(cls, place, physical_id, p):
        named = dict(zip(cls.PROPERTIES, physical_id.split("|")))
        place.api("sso-admin").delete_account_assignment(**named)


class StackSet(Resource):
    TYPE = "AWS::CloudFormation::StackSet"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("cloudformation")
        request = cls.request(p)
        request["PermissionModel"] = p["PermissionModel"]
        created = api.create_stack_set(**request)["StackSetId"]
        for group in p.get("StackInstancesGroup", []):
            cls.deploy(api, p, group["DeploymentTargets"], group["Regions"])
        return cls(created, {"StackSetId": created})

    @staticmethod
    def request(p):
        request = {
            "StackSetName": p["StackSetName"],
            "Description": p.get("Description", ""),
            "Parameters": [
                {"ParameterKey": q["ParameterKey"], "ParameterValue": str(q["ParameterValue"])} for q in p.get("Parameters", [])
            ],
            "Capabilities": p.get("Capabilities", []),
            "Tags": p.get("Tags", []),
        }
        for name in ("TemplateBody", "AdministrationRoleARN", "ExecutionRoleName"):
            if p.get(name):
                request[name] = p[name]
        if p.get("TemplateURL"):
            request["TemplateURL"] = p["TemplateURL"]
        if "AutoDeployment" in p:
            auto = {"Enabled": boolean(p["AutoDeployment"]["Enabled"])}
            if "RetainStacksOnAccountRemoval" in p["AutoDeployment"]:
                auto["RetainStacksOnAccountRemoval"] = boolean(p["AutoDeployment"]["RetainStacksOnAccountRemoval"])
            if "DependsOn" in p["AutoDeployment"]:
                auto["DependsOn"] = p["AutoDeployment"]["DependsOn"]
            request["AutoDeployment"] = auto
        if "ManagedExecution" in p:
            request["ManagedExecution"] = {"Active": boolean(p["ManagedExecution"]["Active"])}
        return request

    @staticmethod
    def deploy(api, p, targets, regions):
        """A self-managed set takes accounts, a service-managed one deployment targets."""
        where = {"DeploymentTargets": targets}
        if p["PermissionModel"] == "SELF_MANAGED":
            where = {"Accounts": targets["Accounts"]}
        api.create_stack_instances(StackSetName=p["StackSetName"], Regions=regions, **where)

    @staticmethod
    def withdraw(api, p, targets, regions):
        where = {"DeploymentTargets": targets}
        if p["PermissionModel"] == "SELF_MANAGED":
            where = {"Accounts": targets["Accounts"]}
        api.delete_stack_instances(StackSetName=p["StackSetName"], Regions=regions, RetainStacks=False, **where)

    @classmethod
    def change(cls, place, before, p):
        api = place.api("cloudformation")
        api.update_stack_set(**cls.request(p))
        old = {json.dumps(g["DeploymentTargets"], sort_keys=True): set(g["Regions"]) for g in before.former.get("StackInstancesGroup", [])}
        new = {json.dumps(g["DeploymentTargets"], sort_keys=True): set(g["Regions"]) for g in p.get("StackInstancesGroup", [])}
        for key in new:
            if added := sorted(new[key] - old.get(key, set())):
                cls.deploy(api, p, json.loads(key), added)
        for key in old:
            if gone := sorted(old[key] - new.get(key, set())):
                cls.withdraw(api, p, json.loads(key), gone)
        return cls(before.physical_resource_id, before.attributes)


# --- CloudTrail ------------------------------------------------------------


class Trail(Resource):
    TYPE = "AWS::CloudTrail::Trail"
    NAME = "TrailName"

    @staticmethod
    def settings(name, p):
        request = {"Name": name, "S3BucketName": p["S3BucketName"]}
        for flag in ("IncludeGlobalServiceEvents", "IsMultiRegionTrail", "EnableLogFileValidation", "IsOrganizationTrail"):
            if flag in p:
                request[flag] = boolean(p[flag])
        for name in ("S3KeyPrefix", "SnsTopicName", "KmsKeyId", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"):
            # CloudFormation writes the key's property in another case than the API.
            if value := p.get("KMSKeyId" if name == "KmsKeyId" else name):
                request[name] = value
        return request

    @classmethod
    def make(cls, place, name, p):
        api = place.api("cloudtrail")
        arn = api.create_trail(**cls.settings(name, p), TagsList=p.get("Tags", []))["TrailARN"]
        cls.record(api, name, p)
        return cls(name, {"Arn": arn})

    @classmethod
    def change(cls, place, before, p):
        api = place.api("cloudtrail")
        api.update_trail(**cls.settings(before.physical_resource_id, p))
        cls.record(api, before.physical_resource_id, p)
        return cls(before.physical_resource_id, before.attributes)

    @staticmethod
    def record(api, name, p):
        if p.get("AdvancedEventSelectors"):
            api.put_event_selectors(TrailName=name, AdvancedEventSelectors=p["AdvancedEventSelectors"])
        if p.get("InsightSelectors"):
            api.put_insight_selectors(TrailName=name, InsightSelectors=p["InsightSelectors"])
        (api.start_logging if boolean(p["IsLogging"]) else api.stop_logging)(Name=name)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("cloudtrail").delete_trail(Name=physical_id)


# --- S3 --------------------------------------------------------------------


class Bucket(Resource):
    TYPE = "AWS::S3::Bucket"
    NAME = "BucketName"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("s3")
        request: dict[str, Any] = {"Bucket": name}
        if place.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": place.region}
        if boolean(p.get("ObjectLockEnabled")):
            request["ObjectLockEnabledForBucket"] = True
        api.create_bucket(**request)
        return cls.configure(place, name, p)

    @classmethod
    def change(cls, place, before, p):
        return cls.configure(place, before.physical_resource_id, p)

    @classmethod
    def configure(cls, place, name, p):
        api = place.api("s3")
        if "VersioningConfiguration" in p:
            api.put_bucket_versioning(Bucket=name, VersioningConfiguration=p["VersioningConfiguration"])
        if "BucketEncryption" in p:
            rules = []
            for rule in p["BucketEncryption"]["ServerSideEncryptionConfiguration"]:
                translated: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                if "BucketKeyEnabled" in rule:
                    translated["BucketKeyEnabled"] = boolean(rule["BucketKeyEnabled"])
                rules.append(translated)
            api.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        if "PublicAccessBlockConfiguration" in p:
            block = {key: boolean(value) for key, value in p["PublicAccessBlockConfiguration"].items()}
            api.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
        if "OwnershipControls" in p:
            api.put_bucket_ownership_controls(Bucket=name, OwnershipControls=p["OwnershipControls"])
        if "LifecycleConfiguration" in p:
            rules = [lifecycle_rule(rule) for rule in p["LifecycleConfiguration"]["Rules"]]
            api.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        if "ObjectLockConfiguration" in p:
            lock = json.loads(json.dumps(p["ObjectLockConfiguration"]))
            retention = lock.get("Rule", {}).get("DefaultRetention", {})
            for unit in ("Days", "Years"):
                if unit in retention:
                    retention[unit] = whole(retention[unit])
            api.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
        if "LoggingConfiguration" in p:
            logging = p["LoggingConfiguration"]
            api.put_bucket_logging(
                Bucket=name,
                BucketLoggingStatus={
                    "LoggingEnabled": {
                        "TargetBucket": logging.get("DestinationBucketName", name),
                        "TargetPrefix": logging.get("LogFilePrefix", ""),
                    }
                },
            )
        if p.get("Tags"):
            api.put_bucket_tagging(Bucket=name, Tagging={"TagSet": p["Tags"]})
        return cls(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "RegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com",
            },
        )

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("s3").delete_bucket(Bucket=physical_id)


def lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        out["ID"] = rule["Id"]
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = whole(rule["ExpirationInDays"])
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = boolean(rule["ExpiredObjectDeleteMarker"])
    if expiration:
        out["Expiration"] = expiration
    if "NoncurrentVersionExpiration" in rule:
        old = rule["NoncurrentVersionExpiration"]
        out["NoncurrentVersionExpiration"] = {"NoncurrentDays": whole(old["NoncurrentDays"])}
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        out["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": whole(days)}
    if "Transitions" in rule:
        out["Transitions"] = [
            {"StorageClass": t["StorageClass"], "Days": whole(t["TransitionInDays"])} for t in rule["Transitions"]
        ]
    return out


class BucketPolicy(Resource):
    TYPE = "AWS::S3::BucketPolicy"

    @classmethod
    def make(cls, place, name, p):
        # moto evaluates bucket policies without their conditions, so that a denial of plain HTTP denies
        # everything: the bucket of CDK's own assets would take no uploads.
        if not p["Bucket"].startswith("cdk-"):
            place.api("s3").put_bucket_policy(Bucket=p["Bucket"], Policy=text(p["PolicyDocument"]))
        return cls(p["Bucket"])

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, "", p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("s3").delete_bucket_policy(Bucket=physical_id)


# --- KMS -------------------------------------------------------------------


class Key(Resource):
    TYPE = "AWS::KMS::Key"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("kms")
        key = api.create_key(
            Policy=text(p["KeyPolicy"]), Description=p.get("Description", ""),
            Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in p.get("Tags", [])],
        )["KeyMetadata"]
        cls.rotate(api, key["KeyId"], p)
        return cls(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    @staticmethod
    def rotate(api, key, p):
        (api.enable_key_rotation if boolean(p.get("EnableKeyRotation")) else api.disable_key_rotation)(KeyId=key)

    @classmethod
    def change(cls, place, before, p):
        api, key = place.api("kms"), before.physical_resource_id
        api.put_key_policy(KeyId=key, PolicyName="default", Policy=text(p["KeyPolicy"]))
        api.update_key_description(KeyId=key, Description=p.get("Description", ""))
        cls.rotate(api, key, p)
        return cls(key, before.attributes)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("kms").schedule_key_deletion(KeyId=physical_id, PendingWindowInDays=whole(p.get("PendingWindowInDays", 30)))


class KeyAlias(Resource):
    TYPE = "AWS::KMS::Alias"

    @classmethod
    def make(cls, place, name, p):
        place.api("kms").create_alias(AliasName=p["AliasName"], TargetKeyId=p["TargetKeyId"])
        return cls(p["AliasName"])

    @classmethod
    def change(cls, place, before, p):
        place.api("kms").update_alias(AliasName=p["AliasName"], TargetKeyId=p["TargetKeyId"])
        return cls(p["AliasName"])

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("kms").delete_alias(AliasName=physical_id)


# --- SNS -------------------------------------------------------------------


class Topic(Resource):
    TYPE = "AWS::SNS::Topic"
    NAME = "TopicName"
    ATTRIBUTES = ("DisplayName", "KmsMasterKeyId", "TracingConfig", "SignatureVersion")

    @classmethod
    def make(cls, place, name, p):
        attributes = {key: str(p[key]) for key in cls.ATTRIBUTES if key in p}
        arn = place.api("sns").create_topic(Name=name, Attributes=attributes, Tags=p.get("Tags", []))["TopicArn"]
        for s in p.get("Subscription", []):
            place.api("sns").subscribe(TopicArn=arn, Protocol=s["Protocol"], Endpoint=s["Endpoint"])
        return cls(arn, {"TopicArn": arn, "TopicName": name})

    @classmethod
    def change(cls, place, before, p):
        for key in cls.ATTRIBUTES:
            if key in p:
                place.api("sns").set_topic_attributes(
                    TopicArn=before.physical_resource_id, AttributeName=key, AttributeValue=str(p[key])
                )
        return cls(before.physical_resource_id, before.attributes)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("sns").delete_topic(TopicArn=physical_id)


class TopicPolicy(Resource):
    TYPE = "AWS::SNS::TopicPolicy"

    @classmethod
    def make(cls, place, name, p):
        for topic in p["Topics"]:
            place.api("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=text(p["PolicyDocument"])
            )
        return cls(name)

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        """The default policy returns with the topic's own deletion."""


class Subscription(Resource):
    TYPE = "AWS::SNS::Subscription"

    @classmethod
    def make(cls, place, name, p):
        attributes = {}
        for key in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"):
            if key in p:
                attributes[key] = text(p[key])
        arn = place.api("sns").subscribe(
            TopicArn=p["TopicArn"], Protocol=p["Protocol"], Endpoint=p["Endpoint"], Attributes=attributes, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        return cls(arn, {"Arn": arn})

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("sns").unsubscribe(SubscriptionArn=physical_id)


# --- EventBridge -----------------------------------------------------------


class EventBus(Resource):
    TYPE = "AWS::Events::EventBus"
    NAME = "Name"

    @classmethod
    def make(cls, place, name, p):
        request = {"Name": name, "Tags": p.get("Tags", [])}
        for key in ("Description", "KmsKeyIdentifier", "DeadLetterConfig"):
            if key in p:
                request[key] = p[key]
        arn = place.api("events").create_event_bus(**request)["EventBusArn"]
        return cls(name, {"Arn": arn, "Name": name})

    @classmethod
    def change(cls, place, before, p):
        request = {key: p[key] for key in ("Description", "KmsKeyIdentifier", "DeadLetterConfig") if key in p}
        place.api("events").update_event_bus(Name=before.physical_resource_id, **request)
        return cls(before.physical_resource_id, before.attributes)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("events").delete_event_bus(Name=physical_id)


class EventBusPolicy(Resource):
    TYPE = "AWS::Events::EventBusPolicy"

    @classmethod
    def make(cls, place, name, p):
        api, bus = place.api("events"), p.get("EventBusName", "default")
        statement = {**p["Statement"], "Sid": p["StatementId"]}
        current = json.loads(api.describe_event_bus(Name=bus).get("Policy") or '{"Version":"2012-10-17","Statement":[]}')
        others = [s for s in current["Statement"] if s.get("Sid") != p["StatementId"]]
        policy = {"Version": "2012-10-17", "Statement": others + [statement]}
        api.put_permission(EventBusName=bus, Policy=text(policy))
        return cls(f"{bus}|{p['StatementId']}")

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, "", p)

    @classmethod
    def remove(cls, place, physical_id, p):
        bus, statement = physical_id.split("|")
        place.api("events").remove_permission(EventBusName=bus, StatementId=statement)


class Rule(Resource):
    TYPE = "AWS::Events::Rule"
    NAME = "Name"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("events")
        bus = p.get("EventBusName", "default")
        request = {"Name": name, "EventBusName": bus, "State": p.get("State", "ENABLED"), "Description": p.get("Description", "")}
        if "EventPattern" in p:
            request["EventPattern"] = text(p["EventPattern"])
        for key in ("ScheduleExpression", "RoleArn"):
            if key in p:
                request[key] = p[key]
        arn = api.put_rule(**request)["RuleArn"]
        targets = p.get("Targets", [])
        known = {t["Id"] for t in api.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]}
        if gone := sorted(known - {t["Id"] for t in targets}):
            api.remove_targets(Rule=name, EventBusName=bus, Ids=gone)
        if targets:
            failed = api.put_targets(Rule=name, EventBusName=bus, Targets=[target(t) for t in targets])
            if failed["FailedEntryCount"]:
                raise RuntimeError(f"targets of rule {name}: {failed['FailedEntries']}")
        physical = name if bus == "default" else f"{bus}|{name}"
        return cls(physical, {"Arn": arn})

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id.split("|")[-1], p)

    @classmethod
    def remove(cls, place, physical_id, p):
        api, bus = place.api("events"), p.get("EventBusName", "default")
        name = physical_id.split("|")[-1]
        ids = [t["Id"] for t in api.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]]
        if ids:
            api.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
        api.delete_rule(Name=name, EventBusName=bus)


def target(t: dict[str, Any]) -> dict[str, Any]:
    """A target as the API takes it: counts are numbers there."""
    out = json.loads(json.dumps(t))
    for key, value in out.get("RetryPolicy", {}).items():
        out["RetryPolicy"][key] = whole(value)
    return out


# --- IAM -------------------------------------------------------------------


class Role(Resource):
    TYPE = "AWS::IAM::Role"
    NAME = "RoleName"

    @classmethod
    def make(cls, place, name, p):
        api = place.api("iam")
        request = {
            "RoleName": name, "AssumeRolePolicyDocument": text(p["AssumeRolePolicyDocument"]), "Path": p.get("Path", "/"),
            "Description": p.get("Description", ""), "Tags": p.get("Tags", []),
        }
        if "MaxSessionDuration" in p:
            request["MaxSessionDuration"] = whole(p["MaxSessionDuration"])
        role = api.create_role(**request)["Role"]
        cls.grant(api, name, p)
        return cls(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    @staticmethod
    def grant(api, name, p, former=None):
        for policy in p.get("Policies", []):
            api.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=text(policy["PolicyDocument"]))
        for arn in p.get("ManagedPolicyArns", []):
            api.attach_role_policy(RoleName=name, PolicyArn=arn)
        former = former or {}
        kept = {policy["PolicyName"] for policy in p.get("Policies", [])}
        for policy in former.get("Policies", []):
            if policy["PolicyName"] not in kept:
                api.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
        for arn in former.get("ManagedPolicyArns", []):
            if arn not in p.get("ManagedPolicyArns", []):
                api.detach_role_policy(RoleName=name, PolicyArn=arn)

    @classmethod
    def change(cls, place, before, p):
        api, name = place.api("iam"), before.physical_resource_id
        api.update_assume_role_policy(RoleName=name, PolicyDocument=text(p["AssumeRolePolicyDocument"]))
        api.update_role(RoleName=name, Description=p.get("Description", ""))
        cls.grant(api, name, p, before.former)
        return cls(name, before.attributes)

    @classmethod
    def remove(cls, place, physical_id, p):
        api = place.api("iam")
        for policy in api.list_role_policies(RoleName=physical_id)["PolicyNames"]:
            api.delete_role_policy(RoleName=physical_id, PolicyName=policy)
        for policy in api.list_attached_role_policies(RoleName=physical_id)["AttachedPolicies"]:
            api.detach_role_policy(RoleName=physical_id, PolicyArn=policy["PolicyArn"])
        api.delete_role(RoleName=physical_id)


class InlinePolicy(Resource):
    TYPE = "AWS::IAM::Policy"

    @classmethod
    def make(cls, place, name, p):
        for role in p.get("Roles", []):
            place.api("iam").put_role_policy(RoleName=role, PolicyName=p["PolicyName"], PolicyDocument=text(p["PolicyDocument"]))
        return cls(name)

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        for role in p.get("Roles", []):
            place.api("iam").delete_role_policy(RoleName=role, PolicyName=p["PolicyName"])


# --- CloudWatch Logs -------------------------------------------------------


class LogGroup(Resource):
    TYPE = "AWS::Logs::LogGroup"
    NAME = "LogGroupName"

    @classmethod
    def make(cls, place, name, p):
        request: dict[str, Any] = {"logGroupName": name}
        if "KmsKeyId" in p:
            request["kmsKeyId"] = p["KmsKeyId"]
        if p.get("Tags"):
            request["tags"] = {t["Key"]: t["Value"] for t in p["Tags"]}
        place.api("logs").create_log_group(**request)
        return cls.retain(place, name, p)

    @classmethod
    def retain(cls, place, name, p):
        if "RetentionInDays" in p:
            place.api("logs").put_retention_policy(logGroupName=name, retentionInDays=whole(p["RetentionInDays"]))
        return cls(name, {"Arn": place.arn("logs", f"log-group:{name}:*")})

    @classmethod
    def change(cls, place, before, p):
        return cls.retain(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("logs").delete_log_group(logGroupName=physical_id)


class LogResourcePolicy(Resource):
    TYPE = "AWS::Logs::ResourcePolicy"

    @classmethod
    def make(cls, place, name, p):
        place.api("logs").put_resource_policy(policyName=p["PolicyName"], policyDocument=text(p["PolicyDocument"]))
        return cls(p["PolicyName"])

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, "", p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("logs").delete_resource_policy(policyName=physical_id)


class MetricFilter(Resource):
    TYPE = "AWS::Logs::MetricFilter"
    NAME = "FilterName"

    @classmethod
    def make(cls, place, name, p):
        transformations = []
        for t in p["MetricTransformations"]:
            one = {key[:1].lower() + key[1:]: value for key, value in t.items()}
            one["metricValue"] = str(one["metricValue"])
            if "defaultValue" in one:
                one["defaultValue"] = float(one["defaultValue"])
            transformations.append(one)
        place.api("logs").put_metric_filter(
            logGroupName=p["LogGroupName"], filterName=name, filterPattern=p["FilterPattern"], metricTransformations=transformations
        )
        return cls(name)

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("logs").delete_metric_filter(logGroupName=p["LogGroupName"], filterName=physical_id)


# --- CloudWatch ------------------------------------------------------------


class Alarm(Resource):
    TYPE = "AWS::CloudWatch::Alarm"
    NAME = "AlarmName"

    @classmethod
    def make(cls, place, name, p):
        request = {**p, "AlarmName": name}
        for key in ("Period", "EvaluationPeriods", "DatapointsToAlarm"):
            if key in request:
                request[key] = whole(request[key])
        if "Threshold" in request:
            request["Threshold"] = float(request["Threshold"])
        if "ActionsEnabled" in request:
            request["ActionsEnabled"] = boolean(request["ActionsEnabled"])
        place.api("cloudwatch").put_metric_alarm(**request)
        return cls(name, {"Arn": place.arn("cloudwatch", f"alarm:{name}")})

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("cloudwatch").delete_alarms(AlarmNames=[physical_id])


# --- SQS -------------------------------------------------------------------


class Queue(Resource):
    TYPE = "AWS::SQS::Queue"
    NAME = "QueueName"
    OTHER = ("QueueName", "Tags")

    @classmethod
    def attributes_of(cls, p):
        return {k: text(v) if not isinstance(v, bool) else str(v).lower() for k, v in p.items() if k not in cls.OTHER}

    @classmethod
    def make(cls, place, name, p):
        url = place.api("sqs").create_queue(
            QueueName=name, Attributes=cls.attributes_of(p), tags={t["Key"]: t["Value"] for t in p.get("Tags", [])}
        )["QueueUrl"]
        return cls(url, {"Arn": place.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    @classmethod
    def change(cls, place, before, p):
        place.api("sqs").set_queue_attributes(QueueUrl=before.physical_resource_id, Attributes=cls.attributes_of(p))
        return cls(before.physical_resource_id, before.attributes)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("sqs").delete_queue(QueueUrl=physical_id)


class QueuePolicy(Resource):
    TYPE = "AWS::SQS::QueuePolicy"

    @classmethod
    def make(cls, place, name, p):
        for queue in p["Queues"]:
            place.api("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": text(p["PolicyDocument"])})
        return cls(name)

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        """The policy goes with its queue."""


# --- Config ----------------------------------------------------------------


def lower(value: Any) -> Any:
    """The keys of the recorder and its channel begin in lower case in the API."""
    if isinstance(value, dict):
        return {k[:1].lower() + k[1:]: lower(v) for k, v in value.items()}
    if isinstance(value, list):
        return [lower(v) for v in value]
    return value


class ConfigRecorder(Resource):
    TYPE = "AWS::Config::ConfigurationRecorder"

    @classmethod
    def make(cls, place, name, p):
        recorder = {"name": p.get("Name", "default"), "roleARN": p["RoleARN"], **lower({k: v for k, v in p.items() if k not in ("Name", "RoleARN")})}
        for key in ("allSupported", "includeGlobalResourceTypes"):
            if key in recorder.get("recordingGroup", {}):
                recorder["recordingGroup"][key] = boolean(recorder["recordingGroup"][key])
        place.api("config").put_configuration_recorder(ConfigurationRecorder=recorder)
        cls.start(place, recorder["name"])
        return cls(recorder["name"])

    @staticmethod
    def start(place, name):
        """CloudFormation starts the recorder when it has a delivery channel, whichever comes last."""
        api = place.api("config")
        if api.describe_delivery_channels()["DeliveryChannels"] and api.describe_configuration_recorders()["ConfigurationRecorders"]:
            api.start_configuration_recorder(ConfigurationRecorderName=name)

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("config").delete_configuration_recorder(ConfigurationRecorderName=physical_id)


class DeliveryChannel(Resource):
    TYPE = "AWS::Config::DeliveryChannel"

    @classmethod
    def make(cls, place, name, p):
        channel = {"name": p.get("Name", "default"), "s3BucketName": p["S3BucketName"]}
        for source, key in (("S3KeyPrefix", "s3KeyPrefix"), ("S3KmsKeyArn", "s3KmsKeyArn"), ("SnsTopicARN", "snsTopicARN")):
            if source in p:
                channel[key] = p[source]
        if "ConfigSnapshotDeliveryProperties" in p:
            channel["configSnapshotDeliveryProperties"] = lower(p["ConfigSnapshotDeliveryProperties"])
        place.api("config").put_delivery_channel(DeliveryChannel=channel)
        recorders = place.api("config").describe_configuration_recorders()["ConfigurationRecorders"]
        if recorders:
            ConfigRecorder.start(place, recorders[0]["name"])
        return cls(channel["name"])

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        api = place.api("config")
        for recorder in api.describe_configuration_recorders()["ConfigurationRecorders"]:
            api.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        api.delete_delivery_channel(DeliveryChannelName=physical_id)


class ConfigRule(Resource):
    TYPE = "AWS::Config::ConfigRule"
    NAME = "ConfigRuleName"

    @classmethod
    def make(cls, place, name, p):
        rule = {"ConfigRuleName": name, "Source": p["Source"], "Description": p.get("Description", "")}
        if "InputParameters" in p:
            rule["InputParameters"] = text(p["InputParameters"])
        for key in ("Scope", "MaximumExecutionFrequency"):
            if key in p:
                rule[key] = p[key]
        place.api("config").put_config_rule(ConfigRule=rule)
        return cls(name, {"Arn": place.arn("config", f"config-rule/{name}")})

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("config").delete_config_rule(ConfigRuleName=physical_id)


class ConfigAggregator(Resource):
    TYPE = "AWS::Config::ConfigurationAggregator"
    NAME = "ConfigurationAggregatorName"

    @classmethod
    def make(cls, place, name, p):
        source = dict(p["OrganizationAggregationSource"])
        if "AllAwsRegions" in source:
            source["AllAwsRegions"] = boolean(source["AllAwsRegions"])
        made = place.api("config").put_configuration_aggregator(
            ConfigurationAggregatorName=name, OrganizationAggregationSource=source
        )["ConfigurationAggregator"]
        return cls(name, {"ConfigurationAggregatorArn": made["ConfigurationAggregatorArn"]})

    @classmethod
    def change(cls, place, before, p):
        return cls.make(place, before.physical_resource_id, p)

    @classmethod
    def remove(cls, place, physical_id, p):
        place.api("config").delete_configuration_aggregator(ConfigurationAggregatorName=physical_id)
