"""The settings as types: every key with its default, unit and meaning.

`reference.py` renders config/mvsnap.sample.yaml and docs/configuration.md from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator

from mvsnap.config.alerts import AlertSection
from mvsnap.config.badges import Badges
from mvsnap.config.channels import AnyChannel, mistakes_of, secrets_of
from mvsnap.config.database import DatabaseSection
from mvsnap.config.home_assistant import HomeAssistantSection
from mvsnap.config.ixon import IxonSection
from mvsnap.config.login import LoginSection
from mvsnap.config.logs import LogSection
from mvsnap.config.meraki import Meraki, OrganizationSection, clashes
from mvsnap.config.metrics import MetricsSection
from mvsnap.config.recipients import Recipients, flat
from mvsnap.config.recorder import RecorderSection
from mvsnap.config.scanning import Scanning
from mvsnap.config.sense import Sense
from mvsnap.config.server import ServerSection
from mvsnap.config.storage import Storage
from mvsnap.config.values import (
    LEAST_KEY,
    ApiSecret,
    CameraOrAll,
    Contact,
    Cron,
    Destinations,
    Secret,
    SecretUrl,
    Section,
    SerialText,
    Text,
    Timezone,
    Url,
    is_serial,
)
from mvsnap.config.visitors import VisitorSection
from mvsnap.config.webex import WebexSection
from mvsnap.config.webhooks import Webhooks

# review: to read what names a cardholder; badges: to store badge events.
Locale = Literal["en", "de"]
Scope = Literal["snapshot", "read", "webhook", "badges", "mute", "review"]


class Site(Section):
    name: Text = Field(
        "", description="shown in messages, useful where several sites share a room"
    )
    timezone: Timezone = Field(
        "UTC", description="time zone for displayed times, like Europe/Berlin"
    )
    locale: Locale = Field(
        "en",
        description="language of pages and messages, with its dates and numbers: "
        "en (English) or de (German)",
    )
    public_url: Url | None = Field(
        None,
        description="URL at which people and devices reach this gateway; "
        "default: the address of the request",
    )
    security_contact: Contact | None = Field(
        None,
        description="where to report a vulnerability, for /.well-known/security.txt: "
        "an e-mail address, https:... or tel:...",
    )

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, in which all times are displayed."""
        return ZoneInfo(self.timezone)


class ApiKey(Section):
    name: Text = Field(
        min_length=1, description="name of the user, shown with each event"
    )
    key: ApiSecret = Field(
        description="the key itself, 16 characters or more; an older one of 8 or more "
        "is accepted with a warning"
    )
    cameras: tuple[CameraOrAll, ...] = Field(
        ("*",),
        min_length=1,
        description="cameras it may use: serials and names from "
        'recorder.cameras; "*": all',
    )
    rooms: tuple[Text, ...] = Field(
        ("*",), min_length=1, description='rooms it may post to; "*": all'
    )
    scopes: tuple[Scope, ...] = Field(
        ("snapshot",),
        min_length=1,
        description="any of snapshot, read, webhook, badges, mute, review",
    )

    @property
    def is_short(self) -> bool:
        """Whether a new key would have to be longer."""
        return len(self.key.get_secret_value()) < LEAST_KEY


class Schedule(Section):
    cron: Cron = Field(
        description="cron expression (minute hour day month weekday) in the "
        "site's time zone"
    )
    cameras: tuple[SerialText, ...] = Field((), description="default: meraki.cameras")
    room: Destinations | None = Field(None, description="default: webex.room")
    prefix: Text = Field("", description="text at the start of the message")


class Settings(Section):
    site: Site = Site()
    server: ServerSection = ServerSection()
    log: LogSection = LogSection()
    metrics: MetricsSection = MetricsSection()
    data_dir: Path = Field(
        Path("./data"),
        description="folder for pictures, clips and (without database_url) the "
        "databases",
    )
    database_url: Secret | None = Field(
        None,
        description="default: SQLite in data_dir; "
        "postgresql+psycopg://USER:PASSWORD@HOST/NAME for several machines",
    )
    heartbeat_url: SecretUrl | None = Field(
        None,
        description="asked once a minute while everything that matters works, so that "
        "a watcher such as healthchecks.io or Uptime Kuma notices when it does not",
    )
    database: DatabaseSection = DatabaseSection()
    api_keys: tuple[ApiKey, ...] = Field(
        (), description="keys of those who may call the API"
    )
    meraki: Meraki = Meraki()
    organizations: tuple[OrganizationSection, ...] = Field(
        (),
        description="further organizations of Meraki, beside the one of `meraki`; each "
        "with a key of its own",
    )
    webex: WebexSection = WebexSection()
    channels: tuple[AnyChannel, ...] = Field(
        (), description="other ways to reach people and programs, see channels.md"
    )
    sense: Sense = Sense()
    home_assistant: HomeAssistantSection = HomeAssistantSection()
    recorder: RecorderSection = RecorderSection()
    ixon: IxonSection = IxonSection()
    webhooks: Webhooks = Webhooks()
    scanning: Scanning = Scanning()
    visitors: VisitorSection = VisitorSection()
    badges: Badges = Badges()
    login: LoginSection = LoginSection()
    schedules: tuple[Schedule, ...] = Field((), description="snapshots at fixed times")
    storage: Storage = Storage()
    alerts: AlertSection = AlertSection()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        if not url.get_secret_value().startswith(("postgresql+psycopg://", "sqlite:")):
            raise ValueError("expected postgresql+psycopg://USER:PASSWORD@HOST/NAME")
        return url

    @model_validator(mode="after")
    def _keys_differ(self) -> Settings:
        names = [key.name for key in self.api_keys]
        keys = [key.key.get_secret_value() for key in self.api_keys]
        if len(set(names)) < len(names):
            raise ValueError("api_keys: two entries have the same name")
        if len(set(keys)) < len(keys):
            raise ValueError("api_keys: two entries have the same key")
        return self

    @model_validator(mode="after")
    def _channels_fit(self) -> Settings:
        if found := mistakes_of(self.channels, has_bot=self.webex.configured):
            raise ValueError("\n".join(found))
        return self

    @model_validator(mode="after")
    def _schedules_have_cameras(self) -> Settings:
        for index, schedule in enumerate(self.schedules):
            if not schedule.cameras and not self.default_cameras:
                raise ValueError(
                    f"schedules.{index}.cameras: none given and meraki.cameras is empty"
                )
        return self

    @model_validator(mode="after")
    def _cameras_can_be_reached(self) -> Settings:
        mistakes = []
        for name, camera in self.recorder.cameras.items():
            where = f"recorder.cameras.{name}"
            if camera.ixon is not None and not self.ixon.configured:
                mistakes.append(f"{where}.ixon: the ixon section is empty")
            elif camera.ixon is not None and not (
                camera.ixon.agent_server_id or self.ixon.agent_server_id
            ):
                mistakes.append(f"{where}.ixon: no agent_server_id, here or in ixon")
            asks_meraki = camera.url is None and camera.meraki_serial is not None
            if asks_meraki and not self.asks_meraki:
                mistakes.append(f"{where}.meraki_serial: meraki.api_key is missing")
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    @model_validator(mode="after")
    def _organizations_differ(self) -> Settings:
        if mistakes := list(clashes(self.meraki, self.organizations)):
            raise ValueError("\n".join(mistakes))
        return self

    @property
    def recipients(self) -> Recipients:
        return Recipients(
            self.webex.room,
            can_post=self.webex.configured,
            of_organizations={o.name: o.room for o in self.organizations if o.room},
            channels=tuple(channel.name for channel in self.channels),
        )

    @property
    def asks_meraki(self) -> bool:
        """Whether any Dashboard can be asked."""
        return self.meraki.configured or bool(self.organizations)

    @property
    def dashboards(self) -> dict[str, Meraki]:
        """Each organization by its name; "": that of `meraki`, if there is one."""
        named = {o.name: o.completed(self.meraki) for o in self.organizations}
        return (
            named
            if named and not self.meraki.configured
            else {"": self.meraki, **named}
        )

    @property
    def default_cameras(self) -> tuple[str, ...]:
        """The cameras of triggers that name none, of all organizations."""
        others = (s for o in self.organizations for s in o.cameras)
        return (*self.meraki.cameras, *others)

    def zone_of(self, organization: str) -> ZoneInfo:
        """Return the time zone of messages about the cameras of an organization."""
        own = {o.name: o.timezone for o in self.organizations}.get(organization)
        return ZoneInfo(own) if own else self.site.zone

    @property
    def on_postgresql(self) -> bool:
        """Whether several machines can work together."""
        url = self.database_url.get_secret_value() if self.database_url else ""
        return url.startswith("postgresql")

    @property
    def files_in_bucket(self) -> bool:
        """Whether pictures and clips live in the bucket, for all machines."""
        return self.storage.s3.configured and self.on_postgresql

    @property
    def copies_clips(self) -> bool:
        """Whether the bucket has copies of clips that live in data_dir."""
        return self.storage.s3.configured and not self.on_postgresql

    def secrets(self) -> list[str]:
        """Return every secret text, for the log's redaction filter."""
        maybe = [
            self.meraki.api_key,
            self.webex.bot_token,
            self.database_url,
            self.sense.password,
            self.home_assistant.password,
            self.ixon.token,
            self.ixon.password,
            self.storage.s3.access_key,
            self.storage.s3.secret_key,
            self.login.oidc.client_secret,
            self.heartbeat_url,
        ]
        found = [secret for secret in maybe if secret is not None]
        found += [key.key for key in self.api_keys]
        found += [o.api_key for o in self.organizations]
        found += self.webhooks.secrets()
        found += self.scanning.secrets()
        texts = [secret.get_secret_value() for secret in found]
        return texts + self.recorder.secrets() + secrets_of(self.channels)

    def short_keys(self) -> str:
        """Return a warning about API keys that are easy to guess, "" without any."""
        names = ", ".join(key.name for key in self.api_keys if key.is_short)
        if not names:
            return ""
        return (
            f"fewer than {LEAST_KEY} characters, easy to guess: {names}; use longer "
            "ones soon"
        )

    def keys_without_scopes(self) -> str:
        """Return a warning about API keys that rely on the default, "" without any."""
        names = ", ".join(
            key.name for key in self.api_keys if "scopes" not in key.model_fields_set
        )
        if not names:
            return ""
        return (
            f"no scopes, so snapshot alone (it was snapshot and read before): {names}; "
            "write the scopes into the settings"
        )

    def lets_somebody_in(self, *, listens: bool) -> bool:
        """Return whether anything can lead to a job; listens: whether MV Sense does."""
        hooks = self.webhooks
        return listens or any(
            (
                self.api_keys,
                hooks.tokens,
                hooks.meraki_shared_secret,
                self.scanning.endpoints,
                self.schedules,
                self.visitors.reports,
            )
        )

    def needs_dashboard(self) -> bool:
        """Tell whether something that is configured asks Meraki's Dashboard."""
        if self.asks_meraki or self.meraki.cameras:
            return True
        if not (self.recorder.cameras or self.scanning.endpoints):
            return True
        return bool(set(self.cameras_named()) - set(self.recorder.serials().values()))

    def cameras_named(self) -> tuple[str, ...]:
        """Return every configured serial, without duplicates."""
        named = (
            *self.default_cameras,
            *(s for schedule in self.schedules for s in schedule.cameras),
            *(s for token in self.webhooks.tokens for s in token.cameras),
            *(s for rule in self.webhooks.rules for s in rule.cameras),
            *(s for trigger in self.sense.triggers for s in trigger.cameras),
            *(override.serial for override in self.sense.overrides),
            *(camera.meraki_serial for camera in self.recorder.cameras.values()),
            *self.badges.camera_of_reader.values(),
        )
        return tuple(dict.fromkeys(n for n in named if n and is_serial(n)))

    def rooms_named(self) -> tuple[str, ...]:
        """Return every configured recipient, without duplicates."""
        named = (
            self.webex.room,
            *(o.room for o in self.organizations),
            *(schedule.room for schedule in self.schedules),
            *(token.room for token in self.webhooks.tokens),
            *(rule.room for rule in self.webhooks.rules),
            *(trigger.room for trigger in self.sense.triggers),
            *self.sense.rooms,
            self.badges.mismatch_room,
            *self.alerts.channel,
            *(room for report in self.visitors.reports for room in report.channel),
            *(one.escalation.to for one in (self.webex, *self.channels)),
        )
        return tuple(dict.fromkeys(filter(None, flat(named))))
