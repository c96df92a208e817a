"""What the native API asks, answered from the store, the registry and the feature store: one file per part."""
