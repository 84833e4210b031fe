"""What telemetry costs, each row against its baseline in the same run: `python -m benchmarks`."""
