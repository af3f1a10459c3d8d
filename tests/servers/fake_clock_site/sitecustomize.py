"""For a Python under libfaketime 0.9.10: it answers an absolute sleep with EINVAL."""

import select
import time

time.sleep = lambda seconds: select.select((), (), (), float(seconds)) and None
