"""How templates are compiled: what they say alike at every request is looked up once, not at each request."""

from typing import Any

from flask.sansio.app import App
from flask.templating import Environment
from flask_babel import gettext
from jinja2 import Template, nodes
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup


class SharedMacros(Template):
    """A template whose macros see no variables but globals, so they are made once for all pages."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return super()._get_default_module()


class TemplateEnvironment(Environment):
    """Compiles templates with their fixed parts filled in: whole sentences, and the URLs of fixed pages.

    The site speaks one language, and no URL depends on the request: both are known from the start. Templates
    of plain text are left as they are.
    """

    template_class = SharedMacros

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        escapes = self.autoescape(name) if callable(self.autoescape) else self.autoescape
        if escapes:
            _FixedParts(self.app).visit(tree)
        return tree


class _FixedParts(NodeTransformer):
    """Replaces calls whose result is known before any request by that result."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._urls = app.url_map.bind("")

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that Jinja looks for
        """Return what becomes of a call: a sentence, with its gaps to be filled in, or the URL of a page."""
        self.generic_visit(call)
        given = _constants(call.args)
        if not isinstance(call.node, nodes.Name) or call.dyn_args or call.dyn_kwargs or not given:
            return call
        if call.node.name == "_":
            return _sentence(given[0], call)
        values = _constants([argument.value for argument in call.kwargs])
        if call.node.name == "url_for" and values is not None:
            names = (argument.key for argument in call.kwargs)
            return nodes.Const(self._url(given[0], dict(zip(names, values, strict=True))), lineno=call.lineno)
        return call

    def _url(self, endpoint: str, values: dict[str, Any]) -> str:
        self._app.inject_url_defaults(endpoint, values)
        return self._urls.build(endpoint, values)


def _sentence(text: str, call: nodes.Call) -> nodes.Expr:
    """Return the sentence in the language of the site. Jinja escapes what fills its gaps."""
    sentence = Markup(gettext(text))  # noqa: S704 - written in a template, as HTML
    if not call.kwargs:
        return nodes.Const(sentence % {}, lineno=call.lineno)
    gaps = [
        nodes.Pair(nodes.Const(argument.key), argument.value, lineno=call.lineno) for argument in call.kwargs
    ]
    template = nodes.Const(sentence, lineno=call.lineno)
    return nodes.Mod(template, nodes.Dict(gaps, lineno=call.lineno), lineno=call.lineno)


def _constants(expressions: list[nodes.Expr]) -> list[Any] | None:
    """Return the values of these expressions if all of them are written down, else None."""
    written = [expression.value for expression in expressions if isinstance(expression, nodes.Const)]
    return written if len(written) == len(expressions) else None
