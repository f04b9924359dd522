"""The one language of the site, in which every sentence, day and number is written."""

from babel import Locale

LANGUAGE = Locale("en")  # parsed once: Flask-Babel would parse its name again for each request
