"""A real object store of the tests' own: SeaweedFS with its S3 interface."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mvsnap.simulator.ports import free_port
from tests.servers.processes import Program, require

ACCESS_KEY = "access-key-of-the-tests"
SECRET_KEY = "secret-key-of-the-tests"
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
_ALONE = ("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false")
_LIKE_OTHERS = ("-s3.autoCreateBucket=false",)
_SMALL = ("-volume.max=500", "-master.volumeSizeLimitMB=64")


class ObjectStore:
    """One server in a folder; what it holds outlives a stop.

    command: its arguments without ports; None: those of the tests.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] | None = None,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
    ) -> None:
        self._folder = folder
        self._command = command
        self._ports = {
            name: free_port() for name in ("master", "volume", "filer", "s3")
        }
        self._program: Program | None = None
        self.url = f"http://127.0.0.1:{self._ports['s3']}"
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name="us-east-1",
            config=_ONCE,
        )

    def start(self) -> None:
        """Raises NotThere with what the program said."""
        # The package puts it beside this Python, which need not be in PATH.
        beside = Path(sys.executable).with_name("weed")
        weed = str(beside) if beside.exists() else require("weed", "seaweedfs")
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        grpc = [f"-{name}.port.grpc={free_port()}" for name in self._ports]
        here = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        self._program = Program(
            [
                weed,
                *(self._command or self._own_command()),
                *here,
                *ports,
                *grpc,
                *_ALONE,
                *_SMALL,
            ],
            cwd=self._folder,
            env={"HOME": str(self._folder), "PATH": os.environ["PATH"]},
        )
        self._program.wait_for(self._works, "the object store works", 60)

    def _own_command(self) -> list[str]:
        keys = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
        who = {"name": "tests", "credentials": [keys], "actions": ["Admin"]}
        config = self._folder / "s3.json"
        config.write_text(json.dumps({"identities": [who]}))
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        return [
            "server",
            "-filer",
            "-s3",
            f"-s3.config={config}",
            f"-dir={data}",
            *_LIKE_OTHERS,
        ]

    def stop(self) -> None:
        if self._program is not None:
            # A normal stop takes half a minute; its contents survive this one.
            self._program.stop(signal.SIGKILL)
            self._program = None

    def bucket(self, name: str) -> str:
        self.client.create_bucket(Bucket=name)
        return name

    def objects(self, bucket: str) -> dict[str, int]:
        """Return the size of every object in bytes, by its name."""
        found = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {each["Key"]: each["Size"] for each in found}

    def content(self, bucket: str, name: str) -> bytes:
        answer = self.client.get_object(Bucket=bucket, Key=name)
        content: bytes = answer["Body"].read()
        return content

    def unfinished(self, bucket: str) -> list[str]:
        """Return the names of objects with incomplete multipart uploads."""
        found = self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [each["Key"] for each in found]

    def _works(self) -> bool:
        """Whether it keeps an object: it answers some seconds before it can."""
        try:
            if "ready" not in self._buckets():
                self.bucket("ready")
            self.client.put_object(Bucket="ready", Key="x", Body=b"x")
        except (BotoCoreError, ClientError):
            return False
        return True

    def _buckets(self) -> list[str]:
        return [each["Name"] for each in self.client.list_buckets()["Buckets"]]


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    folder = Path(tempfile.mkdtemp(prefix="mvsnap-s3-"))
    store = ObjectStore(folder)
    try:
        store.start()
        yield store
    finally:
        store.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store
