"""What the errors of vendors mean: failure classes, retry hints, rate-limit headers."""
