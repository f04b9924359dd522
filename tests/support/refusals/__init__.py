"""The table of all refusals: each verb of core, how it refuses, and what the refusal itself writes."""
