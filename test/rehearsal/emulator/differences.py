"""The one place where moto is corrected to behave as AWS does.

Each function corrects one difference; its docstring says what AWS does, with
the source, in its first line, which the rehearsal prints with its results.
"""

import contextlib
import copy
import json
import logging
import re
import traceback
from collections.abc import Iterator
from typing import Any

from moto.cloudformation import models, parsing, responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudtrail import models as cloudtrail
from moto.iam import models as iam
from moto.organizations import models as organizations
from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

log = logging.getLogger("emulator")


def correct() -> None:
    """Makes every correction."""
    stack_operations()
    update_parameters()
    stack_set_targets()
    stack_set_updates()
    automatic_deployment()
    organization_services()
    organization_policy_types()
    trail_bucket_of_another_account()
    access_logs_before_their_policy()
    service_linked_role_names()


def stack_operations() -> None:
    """Stacks: dependency order, changes by resolved value, retained resources, roll-back (CloudFormation user guide, "Stack failure options", "DeletionPolicy")."""

    def create(self: models.CloudFormationBackend, name: str, template: str, parameters: dict[str, Any], **rest: Any) -> models.Stack:
        if name in [stack.name for stack in self.stacks.values()]:
            raise models.AlreadyExistsException(f"Stack {name} already exists")
        stack = models.Stack(
            stack_id=models.generate_stack_id(name, self.region_name, self.account_id),
            name=name, template=template, parameters=parameters, account_id=self.account_id,
            region_name=self.region_name, cross_stack_resources=self.exports, **rest,
        )
        stack.output_map = models.OutputMap(stack.resource_map, {}, stack.stack_id)
        self.stacks[stack.stack_id] = stack
        stack.status = "CREATE_IN_PROGRESS"
        stack._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
        finish(self, stack, stack.resource_map.create, stack.template_dict, "CREATE", "ROLLBACK")
        return stack

    def update(self: models.CloudFormationBackend, name: str, template: str, role_arn: Any, parameters: Any, tags: Any) -> models.Stack:
        stack = self.get_stack(name)
        resolved = self._resolve_update_parameters(instance=stack, incoming_params=parameters)
        parsed = stack.parse_template(template)
        if parsed == stack.template_dict and resolved == stack.parameters and (tags is None or tags == stack.tags):
            raise ValidationError(message="No updates are to be performed.")
        stack.status = "UPDATE_IN_PROGRESS"
        stack._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
        done = finish(self, stack, lambda t: stack.resource_map.update(t, resolved), parsed, "UPDATE", "UPDATE_ROLLBACK")
        if done:
            stack.template, stack.template_dict, stack.parameters = template, parsed, resolved
            stack.tags = stack.tags if tags is None else tags
        return stack

    def execute(self: models.CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.describe_change_set(change_set_name)
        stack, verb = self.stacks[change_set.stack_id], change_set.change_set_type
        stack.status = f"{verb}_IN_PROGRESS"
        stack._add_stack_event(stack.status, resource_status_reason="User Initiated")
        rollback = "ROLLBACK" if verb == "CREATE" else "UPDATE_ROLLBACK"
        template = stack.parse_template(change_set.template)
        if finish(self, stack, lambda t: stack.resource_map.update(t, change_set.parameters), template, verb, rollback):
            stack.template, stack.template_dict, stack.parameters = change_set.template, template, change_set.parameters
        change_set.execution_status = "EXECUTE_COMPLETE"

    def finish(backend: Any, stack: models.Stack, work: Any, template: dict[str, Any], verb: str, rollback: str) -> bool:
        former = set(export.name for export in backend.exports.values() if export.exporting_stack_id == stack.stack_id)
        try:
            stack.resource_map.stack = stack
            work(template)
            stack.output_map = models.OutputMap(stack.resource_map, template, stack.stack_id)
            exports = {export.name: export for export in stack.exports}
            for export in exports.values():
                other = backend.exports.get(export.name)
                if other and other.exporting_stack_id != stack.stack_id:
                    raise ValidationError(stack.stack_id, message=f"Export {export.name} belongs to another stack")
        except Exception as problem:  # noqa: BLE001 - whatever stops a resource is the stack's failure
            log.error("%s of %s failed: %s\n%s", verb, stack.name, problem, traceback.format_exc())
            stack._add_stack_event(f"{rollback}_IN_PROGRESS", resource_status_reason=reason(problem))
            stack._add_stack_event(f"{rollback}_COMPLETE")
            stack.status = f"{rollback}_COMPLETE"
            return False
        for gone in former - set(exports):
            del backend.exports[gone]
        backend.exports.update(exports)
        stack.status = f"{verb}_COMPLETE"
        stack._add_stack_event(f"{verb}_COMPLETE")
        return True

    def apply(resources: parsing.ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None) -> None:
        """Brings the resources to a template, or back to what was there before."""
        before_template, before_parameters = resources._template, resources.input_parameters
        before = dict(getattr(resources, "resolved", {}))
        changed: list[tuple[str, str]] = []
        adopt(resources, template, parameters)
        step = ""
        try:
            for step in order(template["Resources"]):
                one(resources, step, template["Resources"][step], before, changed)
        except Exception as problem:
            event(resources, step, template["Resources"][step]["Type"], "FAILED", reason(problem))
            problem.add_note(f"at the resource {step}")
            stack = getattr(resources, "stack", None)
            if stack is not None and before:
                stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
            roll_back(resources, before, changed)
            adopt(resources, before_template if before else template, before_parameters)
            raise
        for name in [n for n in reversed(list(before)) if n not in template["Resources"] or n not in resources.resolved]:
            resources.resolved.pop(name, None)
            drop(resources, name, before[name])

    def adopt(resources: parsing.ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None) -> None:
        resources._template = template
        resources._resource_json_map = template["Resources"]
        if parameters is not None:
            resources.input_parameters = parameters
        resources.load_mapping()
        resources.resolved_parameters = {}
        resources.load_parameters()
        resources.load_conditions()

    def one(resources: Any, name: str, definition: dict[str, Any], before: dict[str, Any], changed: list[tuple[str, str]]) -> None:
        if not hasattr(resources, "resolved"):
            resources.resolved = {}
        condition = definition.get("Condition")
        if condition and not resources.lazy_condition_map[condition]:
            resources.resolved.pop(name, None)
            return
        resolved = parsing.clean_json({**definition, "Properties": definition.get("Properties", {})}, resources)
        if name not in before:
            resource = parsing.parse_and_create_resource(name, copy.deepcopy(definition), resources, resources._account_id, resources._region_name)
            changed.append(("add", name))
        elif resolved["Properties"] != before[name]["Properties"]:
            former = resources._parsed_resources[name]
            if former is not None:
                former.former = before[name]["Properties"]
            resource = parsing.parse_and_update_resource(name, copy.deepcopy(definition), resources, resources._account_id, resources._region_name)
            changed.append(("update", name))
        else:
            resources.resolved[name] = resolved
            return
        if resource is not None:
            resources._parsed_resources[name] = resource
            resource.cf_resource_type, resource.logical_resource_id = definition["Type"], name
        resources.resolved[name] = resolved
        event(resources, name, definition["Type"], "COMPLETE", None)

    def roll_back(resources: Any, before: dict[str, Any], changed: list[tuple[str, str]]) -> None:
        for kind, name in reversed(changed):
            if kind == "add":
                drop(resources, name, resources.resolved[name])
                resources.resolved.pop(name, None)
                continue
            former = resources._parsed_resources[name]
            former.former = resources.resolved[name]["Properties"]
            resource = parsing.parse_and_update_resource(name, copy.deepcopy(before[name]), resources, resources._account_id, resources._region_name)
            resource.cf_resource_type, resource.logical_resource_id = before[name]["Type"], name
            resources._parsed_resources[name] = resource
            resources.resolved[name] = before[name]
        resources.resolved = dict(before)

    def drop(resources: Any, name: str, definition: dict[str, Any]) -> None:
        resource = resources._parsed_resources.pop(name, None)
        if resource is None or definition.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
            return
        resources._delete_resource(resource, definition)

    def delete(self: Any) -> None:
        for name in reversed(list(self.resolved)):
            drop(self, name, self.resolved[name])
        self.resolved = {}

    def event(resources: Any, name: str, kind: str, status: str, why: str | None) -> None:
        stack = getattr(resources, "stack", None)
        if stack is None:
            return
        verb = "CREATE" if stack.status.startswith("CREATE") else "UPDATE"
        resource = resources._parsed_resources.get(name)
        stack.events.append(
            models.Event(
                stack_id=stack.stack_id, stack_name=stack.name, logical_resource_id=name,
                physical_resource_id=str(getattr(resource, "physical_resource_id", "")), resource_type=kind,
                resource_status=f"{verb}_{status}", resource_status_reason=why, resource_properties=None,
            )
        )

    def create_resources(self: models.Stack) -> None:
        self.resource_map.create(self.template_dict)
        self.mark_creation_complete()

    def instance_update(self: models.Stack, template: str, role_arn: Any = None, parameters: Any = None, tags: Any = None) -> None:
        parsed = self.parse_template(template)
        self.resource_map.update(parsed, parameters)
        self.template, self.template_dict = template, parsed
        self.parameters = parameters if parameters is not None else self.parameters
        self.status = "UPDATE_COMPLETE"

    def existing(self: parsing.ResourceMap, name: str) -> Any:
        # moto would create a resource when something reads it; here only the operation itself creates.
        if name in self._parsed_resources:
            return self._parsed_resources[name]
        if name in self._resource_json_map:
            return None
        raise KeyError(name)

    parsing.ResourceMap.__getitem__ = existing  # type: ignore[assignment, method-assign]
    models.CloudFormationBackend.create_stack = create  # type: ignore[assignment, method-assign]
    models.CloudFormationBackend.update_stack = update  # type: ignore[method-assign]
    models.CloudFormationBackend.execute_change_set = execute  # type: ignore[method-assign]
    models.Stack.create_resources = create_resources  # type: ignore[method-assign]
    models.Stack.update = instance_update  # type: ignore[assignment, method-assign]
    parsing.ResourceMap.create = lambda self, template: apply(self, template, None) or True  # type: ignore[method-assign]
    parsing.ResourceMap.delete = delete  # type: ignore[method-assign]
    parsing.ResourceMap.update = apply  # type: ignore[assignment, method-assign]


def reason(problem: Exception) -> str:
    """The message of a failure, without moto's or boto3's wrapping."""
    description = getattr(problem, "message", None) or str(problem) or repr(problem)
    return "; ".join([description, *getattr(problem, "__notes__", [])])


def order(definitions: dict[str, Any]) -> list[str]:
    """The logical ids so that each comes after what it depends on; otherwise in the template's order."""
    done: list[str] = []
    open_: set[str] = set()

    def visit(name: str) -> None:
        if name in done:
            return
        if name in open_:
            raise ValidationError(message=f"Circular dependency between resources: {sorted(open_)}")
        open_.add(name)
        explicit = definitions[name].get("DependsOn", [])
        for other in [explicit] if isinstance(explicit, str) else explicit:
            visit(other)
        for other in references(definitions[name].get("Properties", {})):
            if other in definitions:
                visit(other)
        open_.discard(name)
        done.append(name)

    for name in definitions:
        visit(name)
    return done


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for key, inner in value.items():
        if key == "Ref":
            found.append(inner)
        elif key == "Fn::GetAtt":
            found.append(inner[0] if isinstance(inner, list) else inner.split(".")[0])
        elif key == "Fn::Sub":
            template = inner if isinstance(inner, str) else inner[0]
            found += [name.split(".")[0] for name in re.findall(r"\${([^!}][^}]*)}", template)]
            found += references(inner[1]) if isinstance(inner, list) else []
        else:
            found += references(inner)
    return found


def update_parameters() -> None:
    """UpdateStack: UsePreviousValue of a parameter that had its default keeps it (CloudFormation API Reference, Parameter)."""

    def resolve(self: Any, instance: Any, incoming_params: list[dict[str, Any]]) -> dict[str, str]:
        out = {}
        for parameter in incoming_params:
            key = parameter["ParameterKey"]
            if parameter.get("UsePreviousValue"):
                if key in instance.parameters:
                    out[key] = instance.parameters[key]
            else:
                out[key] = parameter["ParameterValue"]
        return out

    models.CloudFormationBackend._resolve_update_parameters = resolve  # type: ignore[method-assign]


def stack_set_targets() -> None:
    """StackSets: OU targets reach nested OUs, the account filter holds, the management account is left out (CloudFormation user guide, "Service-managed permissions")."""

    def create_instances(self: models.StackInstances, accounts: Any, regions: Any, parameters: Any, deployment_targets: Any, permission_model: str) -> Any:
        made = []
        for account in reached(self.org_backend, accounts, deployment_targets or {}):
            for region in regions:
                if self.get_instance(account, region) is None:
                    with named(f"the instance of {self.stackset_name} in {account} {region}"):
                        instance = models.StackInstance(
                            account_id=account, region_name=region, stackset_id=self.stackset_id, stack_name=self.stack_name,
                            name=self.stackset_name, template=self.template, parameters=parameters, permission_model=permission_model,
                        )
                    instance.parameters = []  # Overrides of the instance, of which there are none.
                    self.stack_instances.append(instance)
                    made.append(instance)
        return [instance.to_dict() for instance in made]

    models.StackInstances.create_instances = create_instances  # type: ignore[method-assign]

    create = models.StackSet.create_stack_instances

    def remember(self: models.StackSet, accounts: Any, regions: Any, deployment_targets: Any, parameters: Any) -> str:
        # DescribeStackSet and automatic deployments know where a StackSet was deployed to.
        self.__dict__.setdefault("deployments", []).append((list(accounts), list(regions), deployment_targets))
        operation: str = create(self, accounts, regions, deployment_targets, parameters)
        return operation

    models.StackSet.create_stack_instances = remember  # type: ignore[method-assign]

    def delete_stack_instances(self: responses.CloudFormationResponse) -> Any:
        stack_set = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
        regions, targets = self._get_param("Regions", []), self._get_params().get("DeploymentTargets") or {}
        accounts = reached(stack_set.instances.org_backend, self._get_param("Accounts", []), targets)
        stack_set.delete_stack_instances(accounts, regions)
        stack_set.deployments = [
            (a, [r for r in rs if r not in regions] if (t or {}) == targets else rs, t) for a, rs, t in stack_set.deployments
        ]
        return responses.ActionResult({"OperationId": stack_set.operations[-1]["OperationId"]})

    responses.CloudFormationResponse.delete_stack_instances = delete_stack_instances  # type: ignore[method-assign]


@contextlib.contextmanager
def named(what: str) -> Iterator[None]:
    """Says in a failure where it happened."""
    try:
        yield
    except Exception as problem:
        log.error("%s failed\n%s", what, traceback.format_exc())
        raise ValidationError(message=f"{what}: {reason(problem)}") from problem


def reached(org: organizations.OrganizationsBackend, accounts: list[str], targets: dict[str, Any]) -> list[str]:
    """The accounts that a deployment reaches."""
    units = list(targets.get("OrganizationalUnitIds") or [])
    if not units:
        return list(accounts) or list(targets.get("Accounts") or [])
    for unit in units:
        units += [child.id for child in org.ou if child.parent_id == unit and child.id not in units]
    members = [
        a.id for a in org.accounts if a.parent_id in units and a.id != org.org.master_account_id and a.state == "ACTIVE"  # type: ignore[union-attr]
    ]
    named = set(targets.get("Accounts") or [])
    kind = targets.get("AccountFilterType", "NONE")
    if kind == "INTERSECTION":
        return [m for m in members if m in named]
    if kind == "DIFFERENCE":
        return [m for m in members if m not in named]
    if kind == "UNION":
        return members + sorted(named - set(members))
    return members


def stack_set_updates() -> None:
    """UpdateStackSet updates every instance, and keeps AutoDeployment and ManagedExecution (CloudFormation API Reference, UpdateStackSet)."""

    def keep(self: responses.CloudFormationResponse, stack_set: Any) -> None:
        given = self._get_params()
        if given.get("AutoDeployment") is not None:
            stack_set.auto_deployment = given["AutoDeployment"]
        if given.get("ManagedExecution") is not None:
            stack_set.execution = given["ManagedExecution"]

    create, update = responses.CloudFormationResponse.create_stack_set, responses.CloudFormationResponse.update_stack_set

    def create_stack_set(self: responses.CloudFormationResponse) -> Any:
        result = create(self)
        keep(self, self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName")))
        return result

    def update_stack_set(self: responses.CloudFormationResponse) -> Any:
        result = update(self)
        stack_set = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
        keep(self, stack_set)
        stack_set.instances.template = stack_set.template
        stack_set.instances.parameters = stack_set.parameters
        for instance in stack_set.instances.stack_instances:
            instance.template = stack_set.template
            with named(f"the instance of {stack_set.name} in {instance.account_id} {instance.region_name}"):
                instance.stack.update(stack_set.template, parameters=dict(stack_set.parameters))
        return result

    responses.CloudFormationResponse.create_stack_set = create_stack_set  # type: ignore[method-assign]
    responses.CloudFormationResponse.update_stack_set = update_stack_set  # type: ignore[method-assign]
    models.StackSet.managed_execution = property(lambda self: self.__dict__.get("execution", {"Active": False}))  # type: ignore[assignment, method-assign]


def automatic_deployment() -> None:
    """StackSets with automatic deployment follow accounts that join or move (CloudFormation user guide, "Manage automatic deployments")."""
    create, move = organizations.OrganizationsBackend.create_account, organizations.OrganizationsBackend.move_account

    def follow(org: organizations.OrganizationsBackend) -> None:
        for backend in list(models.cloudformation_backends[org.account_id].values()):
            for stack_set in list(backend.stacksets.values()):
                auto = getattr(stack_set, "auto_deployment", None) or {}
                if stack_set.status != "ACTIVE" or str(auto.get("Enabled")).lower() != "true":
                    continue
                wanted = set()
                for accounts, regions, targets in stack_set.deployments:
                    wanted |= {(a, r) for a in reached(org, accounts, targets or {}) for r in regions}
                    stack_set.instances.create_instances(accounts, regions, stack_set.parameters, targets, stack_set.permission_model)
                for instance in list(stack_set.instances.stack_instances):
                    if (instance.account_id, instance.region_name) not in wanted:
                        stack_set.instances.delete([instance.account_id], [instance.region_name])

    def create_account(self: organizations.OrganizationsBackend, **kwargs: Any) -> Any:
        result = create(self, **kwargs)
        follow(self)
        return result

    def move_account(self: organizations.OrganizationsBackend, **kwargs: Any) -> None:
        move(self, **kwargs)
        follow(self)

    organizations.OrganizationsBackend.create_account = create_account  # type: ignore[method-assign]
    organizations.OrganizationsBackend.move_account = move_account  # type: ignore[method-assign]


def organization_services() -> None:
    """Organizations: service principals that moto's list lacks (AWS Organizations user guide, "AWS services that you can use with AWS Organizations")."""
    lacking = ["iam.amazonaws.com", "config.amazonaws.com", "inspector2.amazonaws.com", "backup.amazonaws.com",
               "securityhub.amazonaws.com", "detective.amazonaws.com", "account.amazonaws.com", "sso.amazonaws.com",
               "cloudtrail.amazonaws.com", "member.org.stacksets.cloudformation.amazonaws.com"]  # fmt: skip
    for known in (organizations.FakeServiceAccess.TRUSTED_SERVICES, organizations.FakeDelegatedAdministrator.SUPPORTED_SERVICES):
        known += [principal for principal in lacking if principal not in known]


def organization_policy_types() -> None:
    """Organizations: policy types that moto's list lacks, stored without a check of their content (AWS Organizations API Reference, PolicySummary)."""
    lacking = ["DECLARATIVE_POLICY_EC2", "S3_POLICY", "SECURITYHUB_POLICY", "CHATBOT_POLICY", "BACKUP_POLICY"]
    organizations.FakeRoot.SUPPORTED_POLICY_TYPES = sorted({*organizations.FakeRoot.SUPPORTED_POLICY_TYPES, *lacking})
    organizations.FakePolicy.SUPPORTED_POLICY_TYPES = sorted({*organizations.FakePolicy.SUPPORTED_POLICY_TYPES, *lacking})
    make = organizations.FakePolicy.__init__

    def init(self: organizations.FakePolicy, organization: Any, **kwargs: Any) -> None:
        kind = kwargs.get("Type")
        make(self, organization, **{**kwargs, "Type": "TAG_POLICY" if kind in lacking else kind})
        if kind in lacking:
            self.type = kind
            self._arn_format = self._arn_format.replace("/tag_policy/", f"/{kind.lower()}/")

    organizations.FakePolicy.__init__ = init  # type: ignore[method-assign]


def trail_bucket_of_another_account() -> None:
    """CloudTrail: the bucket of a trail may belong to another account (CloudTrail user guide, "Creating a trail for an organization")."""

    def check(self: cloudtrail.Trail) -> None:
        partition = get_partition(self.region_name)
        if not any(self.bucket_name in backends[partition].buckets for backends in list(s3_backends.values()) if partition in backends):
            raise cloudtrail.S3BucketDoesNotExistException(f"S3 bucket {self.bucket_name} does not exist!")

    cloudtrail.Trail.check_bucket_exists = check  # type: ignore[method-assign]


def access_logs_before_their_policy() -> None:
    """S3: PutBucketLogging does not ask the target's bucket policy (S3 API Reference, PutBucketLogging)."""
    FakeBucket._log_permissions_enabled_policy = lambda self, target_bucket, target_prefix: True  # type: ignore[method-assign]


def service_linked_role_names() -> None:
    """IAM: names of service-linked roles that moto does not know (Access Analyzer user guide, "Using service-linked roles")."""
    iam.SERVICE_NAME_CONVERSION["access-analyzer"] = "AccessAnalyzer"


def described() -> list[str]:
    """What is corrected, one line each."""
    source = [stack_operations, update_parameters, stack_set_targets, stack_set_updates, automatic_deployment,
              organization_services, organization_policy_types, trail_bucket_of_another_account,
              access_logs_before_their_policy, service_linked_role_names]  # fmt: skip
    return [(f.__doc__ or "").splitlines()[0] for f in source]


if __name__ == "__main__":
    print(json.dumps(described()))
