"""How everything grows with the rows in one file: `python -m benchmarks.scale`."""
