"""Clients of the server's own services, acting in a given account and Region."""

import threading
from functools import lru_cache
from typing import Any

import boto3
import botocore.config

_ENDPOINT: list[str] = []
_LOCK = threading.Lock()


def connect(endpoint: str) -> None:
    """Sets the address of the services."""
    _ENDPOINT[:] = [endpoint]


def client(service: str, account: str, region: str) -> Any:
    """A client that acts as CloudFormation does in the account."""
    with _LOCK:
        return _client(service, account, region)


@lru_cache(maxsize=None)
def _client(service: str, account: str, region: str) -> Any:
    made = boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=_ENDPOINT[0],
        aws_access_key_id="cloudformation",
        aws_secret_access_key="cloudformation",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=300),
    )

    def in_account(request: Any, **_: Any) -> None:
        # moto acts in the account that this header names.
        request.headers["x-moto-account-id"] = account
        request.headers["x-rehearsal-caller"] = "cloudformation"

    made.meta.events.register("before-sign", in_account)
    return made
