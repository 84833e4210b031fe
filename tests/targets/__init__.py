"""The servers that shared targets need, started and stopped by whoever tests with them."""
