"""Long runs of whole set-ups, each of which prints what it counted and fails where it disagrees."""
