"""Starts moto's server with the resource types and corrections of this folder.

Usage: python -m emulator.start PORT FRONT INVOKE
PORT is where moto listens, FRONT the address through which resources call the
services again, INVOKE the address that runs a Lambda function's handler.
"""

import logging
import os
import sys
from typing import Any


def failed(app: Any, exception: Exception, **_: Any) -> None:
    """Flask answers 500 to whatever moto did not expect; the log says what that was."""
    logging.getLogger("emulator").error("an unexpected failure", exc_info=exception)


def main() -> None:
    port, front, invoke = sys.argv[1:4]
    # What moto itself opens over HTTP is this server.
    os.environ["MOTO_PORT"] = port
    # The roles of CDK carry policies of AWS.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)

    from emulator import differences, provider, resources, services

    services.connect(front)
    resources.register()
    provider.register(invoke)
    differences.correct()

    import flask
    import moto.server

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # One line per request is in the request log of the front already.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    flask.got_request_exception.connect(failed)
    moto.server.main(["--host", "127.0.0.1", "--port", port])


if __name__ == "__main__":
    main()
