"""Settings of storage: for how long, how much, and in which bucket."""

from __future__ import annotations

from pydantic import Field, model_validator

from mvsnap.config.values import Secret, Section, Text, Url


class S3(Section):
    """Empty, or complete."""

    endpoint_url: Url | None = Field(
        None, description="URL of the object store; default: Amazon S3"
    )
    region: Text | None = Field(None, description="default: region of the endpoint")
    bucket: Text | None = Field(
        None,
        description="bucket for pictures and clips; without PostgreSQL in "
        "database_url, only copies of clips go there",
    )
    prefix: Text = Field("", description="prefix for object names, like site-a/")
    access_key: Secret | None = Field(None, description="access key id")
    secret_key: Secret | None = Field(None, description="secret access key")

    cache_gb: float = Field(
        5,
        gt=0,
        description="GB of the bucket's pictures and clips that each machine keeps in "
        "data_dir; with PostgreSQL in database_url",
    )

    @property
    def configured(self) -> bool:
        return self.bucket is not None

    @model_validator(mode="after")
    def _complete(self) -> S3:
        names = set(type(self).model_fields) - {"cache_gb"}
        if not any(getattr(self, name) for name in names):
            return self
        needed = ("bucket", "access_key", "secret_key")
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"missing: {', '.join(missing)}")
        return self


class Storage(Section):
    retention_days: int = Field(
        30, ge=1, description="days to keep events, pictures and clips"
    )
    max_gb: float = Field(
        20, gt=0, description="maximum GB of clips; the oldest are deleted first"
    )
    s3: S3 = S3()
