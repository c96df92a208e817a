"""One TOML file per industry: target, event and field names, rules, actions, simulator settings."""
