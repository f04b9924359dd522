"""The keys that sign cookies, for work that happens without a request."""


class SigningKeys:
    """The signing keys of one application, the current one first."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
