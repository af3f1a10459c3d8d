"""Home Assistant: what happens here, published over MQTT for it and for others."""
