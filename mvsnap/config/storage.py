"""Settings of what is kept: for how long, how much, and where a copy goes."""

from __future__ import annotations

from pydantic import Field, model_validator

from mvsnap.config.values import Secret, Section, Text, Url


class S3(Section):
    """Empty, or complete."""

    endpoint_url: Url | None = Field(
        None, description="address of the object store; default: Amazon's"
    )
    region: Text | None = Field(None, description="default: that of the endpoint")
    bucket: Text | None = Field(None, description="clips are copied into it")
    prefix: Text = Field("", description="in front of each name, like site-a/")
    access_key: Secret | None = Field(None, description="id of the access key")
    secret_key: Secret | None = Field(None, description="the secret of that key")

    @property
    def configured(self) -> bool:
        return self.bucket is not None

    @model_validator(mode="after")
    def _complete(self) -> S3:
        if not any(getattr(self, name) for name in type(self).model_fields):
            return self
        needed = ("bucket", "access_key", "secret_key")
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"missing: {', '.join(missing)}")
        return self


class Storage(Section):
    retention_days: int = Field(
        30, ge=1, description="days that events, pictures and clips are kept"
    )
    max_gb: float = Field(
        20, gt=0, description="GB of clips; beyond it the oldest go first"
    )
    s3: S3 = S3()
