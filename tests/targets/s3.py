"""An S3 server on loopback (moto's), which checks each request's signature against one key."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from tests.targets.extensions import REQUIRED, skip_without
from tests.waiting import free_port

_STARTING_S = 30.0
_REGION = "eu-central-1"
# It checks nothing in so many requests, by which the user, its key and the bucket are made.
_SET_UP = {"INITIAL_NO_AUTH_ACTION_COUNT": "4"}
_EVERYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


class S3Server:
    """Started by `start`, with the bucket `lake`; what is in it goes with `close`."""

    bucket = "lake"

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._key: dict[str, str] = {}

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which every AWS program finds a bucket and may use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": _REGION,
            "AWS_ACCESS_KEY_ID": self._key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self._key["SecretAccessKey"],
        }

    def start(self) -> None:
        """Start it with an empty bucket, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port)],
            env={**os.environ, **_SET_UP},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _STARTING_S
        while not self._is_listening():
            if time.monotonic() > deadline:
                raise RuntimeError("moto's server did not start")
            time.sleep(0.05)
        iam = self._client("iam", "any", "any")
        iam.create_user(UserName="machine")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [_EVERYTHING]})
        iam.put_user_policy(UserName="machine", PolicyName="all", PolicyDocument=policy)
        self._key = iam.create_access_key(UserName="machine")["AccessKey"]
        self._client("s3", "any", "any").create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": _REGION}
        )

    def names(self) -> list[str]:
        """Return the names of the objects in the bucket."""
        s3 = self._client("s3", self._key["AccessKeyId"], self._key["SecretAccessKey"])
        listed = s3.list_objects_v2(Bucket=self.bucket)
        return [each["Key"] for each in listed.get("Contents", [])]

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _client(self, service: str, key: str, secret: str) -> Any:
        return import_module("boto3").client(  # comes with moto, and has no types
            service,
            endpoint_url=self.endpoint,
            region_name=_REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )


def skip_without_s3() -> None:
    """Skip the calling test module without moto or httpfs; fail where they are required."""
    skip_without("httpfs")
    if find_spec("moto") is None or find_spec("flask") is None:
        if os.environ.get(REQUIRED):
            pytest.fail("moto's server is not installed: pip install 'moto[server]'", pytrace=False)
        pytest.skip("moto's server is not installed", allow_module_level=True)
