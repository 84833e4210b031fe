"""The record of P13, the same for both sides; one of its attributes is a secret."""

from __future__ import annotations

SECRET = "sk-live-5f2b9c1d7e"  # noqa: S105 - nobody's
MESSAGE = "hello: job photo-chelsea-ff5581 took 424 ms on gpu:0"
ATTRIBUTES: dict[str, str | int | float | bool] = {
    "job_id": "photo-chelsea-ff5581",
    "plugin": "faces",
    "tool": "cascade",
    "device": "cpu",
    "duration_ms": 402.25,
    "attempt": 1,
    "cached": False,
    "api_key": SECRET,
}
