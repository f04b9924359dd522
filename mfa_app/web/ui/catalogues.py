"""Where sentences find the catalogue of their language: once in each request, not once in each sentence."""

from gettext import NullTranslations

from flask import g
from flask_babel import Domain

# What Flask-Babel keeps for a request. It takes `babel_translations` out when the language changes, but puts
# nothing there: it asks for the language at each sentence, which takes longer than to find the sentence.
OF_REQUEST = "_flask_babel"


class Catalogues(Domain):
    """Flask-Babel's catalogues, each kept for the rest of the request in whose language it is."""

    def get_translations(self) -> NullTranslations:
        """Return the catalogue of the language of this request."""
        kept = g.get(OF_REQUEST)
        found: NullTranslations | None = getattr(kept, "babel_translations", None)
        if found is None:
            found = super().get_translations()
            g.get(OF_REQUEST).babel_translations = found
        return found
