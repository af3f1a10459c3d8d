"""Free ports, for programs that cannot choose one themselves."""

from mvsnap.simulator.ports import free_port as free_port
