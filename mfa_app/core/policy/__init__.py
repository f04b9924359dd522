"""Who needs a second factor: rules, overrides, the decision and its impact."""
