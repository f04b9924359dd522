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
    """Replaces calls whose arguments are all written down in the template by what they return."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._urls = app.url_map.bind("")

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that Jinja looks for
        """Return a constant for a sentence without gaps or a URL without variables, else the call."""
        self.generic_visit(call)
        arguments = _constants(call)
        if arguments is None or not isinstance(call.node, nodes.Name):
            return call
        match call.node.name, *arguments:
            case "_", [str(sentence)], {}:
                text = Markup(gettext(sentence)) % {}  # noqa: S704 - written in a template, as HTML
                return nodes.Const(text, lineno=call.lineno)
            case "url_for", [str(endpoint)], values:
                return nodes.Const(self._url(endpoint, values), lineno=call.lineno)
        return call

    def _url(self, endpoint: str, values: dict[str, Any]) -> str:
        self._app.inject_url_defaults(endpoint, values)
        return self._urls.build(endpoint, values)


def _constants(call: nodes.Call) -> tuple[list[Any], dict[str, Any]] | None:
    """Return the arguments of a call if all of them are constants, else None."""
    if call.dyn_args or call.dyn_kwargs:
        return None
    try:
        by_name = dict(argument.as_const() for argument in call.kwargs)
        return [argument.as_const() for argument in call.args], by_name
    except nodes.Impossible:
        return None
