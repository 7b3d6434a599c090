"""Custom resources, run as CDK's provider framework runs them.

The service token of a custom resource is the framework's function. Its
environment names the user's two functions, which are looked up in the server
and whose handlers run as the real executable outside. Source of the contract:
aws-cdk-lib, custom_resources, "Provider Framework".
"""

import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

from moto.cloudformation import parsing

from emulator import services
from emulator.resources import Resource

# The framework calls is-complete again every 15 s for an hour; nothing here takes that long.
INTERVAL = 0.25
PATIENCE = 60.0

_INVOKE: list[str] = []


def register(invoke: str) -> None:
    """Takes over every Custom:: type; handlers run behind the address."""
    _INVOKE[:] = [invoke]
    parsing.CustomModel = CustomResource  # type: ignore[misc]


class Failed(Exception):
    """What the handler said when it failed."""


class CustomResource(Resource):
    TYPE = "Custom::"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        event = {
            "RequestType": "Create",
            "StackId": kwargs["StackId"],
            "LogicalResourceId": kwargs["LogicalId"],
            "ResourceType": kwargs["ResourceType"],
            "ResourceProperties": strings(cloudformation_json["Properties"]),
        }
        return cls.outcome(run(account_id, region_name, event), event)

    @classmethod
    def outcome(cls, result: dict[str, Any], event: dict[str, Any]) -> "CustomResource":
        resource = cls(result["PhysicalResourceId"], result["Data"])
        resource.stack_id = event["StackId"]
        return resource

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        event = {
            "RequestType": "Update",
            "StackId": original_resource.stack_id,
            "LogicalResourceId": original_resource.logical_resource_id,
            "PhysicalResourceId": original_resource.physical_resource_id,
            "ResourceType": cloudformation_json["Type"],
            "ResourceProperties": strings(cloudformation_json["Properties"]),
            "OldResourceProperties": strings(original_resource.former),
        }
        return cls.outcome(run(account_id, region_name, event), event)

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        event = {
            "RequestType": "Delete",
            "StackId": "",
            "LogicalResourceId": "",
            "PhysicalResourceId": resource_name,
            "ResourceType": cloudformation_json["Type"],
            "ResourceProperties": strings(cloudformation_json["Properties"]),
        }
        run(account_id, region_name, event)

    def get_cfn_attribute(self, name: str) -> Any:
        if name not in self.attributes:
            # CloudFormation: "Vendor response doesn't contain … key in object".
            raise Failed(f"Vendor response doesn't contain {name} key in object {self.physical_resource_id}")
        return self.attributes[name]


def strings(value: Any) -> Any:
    """CloudFormation passes every scalar of a custom resource's properties as a string."""
    if isinstance(value, dict):
        return {k: strings(v) for k, v in value.items()}
    if isinstance(value, list):
        return [strings(v) for v in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def run(account: str, region: str, event: dict[str, Any]) -> dict[str, Any]:
    """One operation of the framework: on-event, then is-complete until it says so."""
    token = event["ResourceProperties"]["ServiceToken"]
    event = {"ServiceToken": token, "RequestId": str(uuid.uuid4()), "ResponseURL": "...", **event}
    lookup = services.client("lambda", account, region)
    environment = lookup.get_function_configuration(FunctionName=token)["Environment"]["Variables"]
    on_event = lookup.get_function_configuration(FunctionName=environment["USER_ON_EVENT_FUNCTION_ARN"])
    is_complete = lookup.get_function_configuration(FunctionName=environment["USER_IS_COMPLETE_FUNCTION_ARN"])

    result = invoke(on_event, event) or {}
    default = event["RequestId"] if event["RequestType"] == "Create" else event["PhysicalResourceId"]
    physical = result.get("PhysicalResourceId") or default
    if event["RequestType"] == "Delete" and physical != event["PhysicalResourceId"]:
        raise Failed(f"DELETE: cannot change the physical resource ID from {event['PhysicalResourceId']} to {physical}")
    event = {**event, **result, "PhysicalResourceId": physical}
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = invoke(is_complete, event)
        if answer["IsComplete"]:
            break
        if answer.get("Data"):
            raise Failed('"Data" is not allowed if "IsComplete" is "False"')
        if time.monotonic() > deadline:
            raise Failed("Operation timed out")
        time.sleep(INTERVAL)
    return {**event, **answer, "Data": {**(event.get("Data") or {}), **(answer.get("Data") or {})}}


def invoke(function: dict[str, Any], event: dict[str, Any]) -> Any:
    """Runs the executable of a function with its handler name and environment."""
    call = {
        "FunctionName": function["FunctionName"],
        "Handler": function["Handler"],
        "Timeout": function["Timeout"],
        "Environment": function.get("Environment", {}).get("Variables", {}),
        "Event": event,
    }
    request = urllib.request.Request(
        _INVOKE[0], data=json.dumps(call).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        answer = json.load(response)
    if answer.get("Error"):
        raise Failed(answer["Error"].get("errorMessage", json.dumps(answer["Error"])))
    return answer["Payload"]
