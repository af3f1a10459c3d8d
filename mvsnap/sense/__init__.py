"""MQTT in: counts from MV Sense, triggers from MT sensors."""
