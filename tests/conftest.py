"""What holds for every test."""

from __future__ import annotations

import signal

# A shell that starts a job in the background (`&`) lets it ignore Ctrl-C, and so all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
