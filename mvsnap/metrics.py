"""The content of /metrics: one registry per process, made by `runtime`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._add_sense()
        self.triggers = Counter(
            "mvsnap_triggers",
            "Triggers by kind and result",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.parts = Counter(
            "mvsnap_job_parts",
            "Cameras of jobs by outcome: snapshot, no_picture, clip, no_clip, "
            "delivered, undelivered",
            ["outcome"],
            registry=self.registry,
        )
        self.delivery_s = Histogram(
            "mvsnap_delivery_seconds",
            "From the trigger to the message in the room",
            buckets=(1, 2, 3, 5, 8, 13, 30, 60, 300, 3600),
            registry=self.registry,
        )
        self.observations = Counter(
            "mvsnap_scanning_observations",
            "Wi-Fi and Bluetooth observations: accepted, ignored by settings, bad",
            ["outcome"],
            registry=self.registry,
        )
        self.backlog = Gauge(
            "mvsnap_jobs_waiting",
            "Jobs accepted but not finished",
            registry=self.registry,
        )
        self.recorder_cameras = Gauge(
            "mvsnap_recorder_camera_up",
            "1 if the recorder records the camera or is ready to",
            ["camera"],
            registry=self.registry,
        )

    def _add_sense(self) -> None:
        self.sense_messages = Counter(
            "mvsnap_sense_messages",
            "MQTT messages received",
            registry=self.registry,
        )
        self.sense_events = Counter(
            "mvsnap_sense_events",
            "Events the sense rules raised or ended, by kind",
            ["kind"],
            registry=self.registry,
        )
        self.sense_zones = Gauge(
            "mvsnap_sense_zones",
            "Zones that a listener watches",
            ["listener"],
            registry=self.registry,
        )
        self.sense_zones_refused = Gauge(
            "mvsnap_sense_zones_refused",
            "Zones, microphones, lines and sensors above its sense.max_zones",
            ["listener"],
            registry=self.registry,
        )
