"""People in bulk: files are read, compared with the accounts and applied, and people are written to them."""
