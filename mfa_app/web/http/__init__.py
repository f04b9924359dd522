"""Requests and responses: headers, errors, redirects, the transaction, metrics."""
