"""Models of customers who buy when they like and leave without a word: how often, for how much, how long.

No `Algorithm` of the leaderboard: these learn from transactions, not from one row per lead.
"""
