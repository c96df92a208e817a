"""Models of when a lead converts: its hazard, interval of age by interval, learnt from open leads too.

No `Algorithm` of the leaderboard: these learn from how long each lead was watched, not from how it ended.
"""
