"""Floor 3: every sentence that is not in a template. Of the web it knows only flask_babel."""
