"""Labels, splits, leak checks, calibration, leaderboard."""
