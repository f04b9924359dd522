"""What a failed attempt to send says about the settings of the mail server, at the field it is about."""

from flask_babel import gettext as _

_AT_LOGIN = ("530 ", "534 ", "535 ", "538 ")


def trouble(error: str) -> dict[str, str]:
    """Return what to do about an error, under the field of the mail settings that it is about; else nothing.

    `error` is what delivery notes at a mail: the server's answer, or the name of an exception and its text.
    """
    kind = error.partition(":")[0]
    if error.startswith(_AT_LOGIN):
        return {"user": _("The mail server refused this user name or its password.")}
    if kind == "gaierror":
        return {"host": _("This machine finds no address for that name. Check how it is written.")}
    if kind == "SSLCertVerificationError":
        return {"host": _("The mail server's certificate is not valid for this name. Use the name in it.")}
    if kind in ("SSLError", "SMTPNotSupportedError", "SMTPServerDisconnected"):
        return {"scheme": _("The mail server doesn't speak this encryption at this port. Choose another.")}
    if kind == "ConnectionRefusedError":
        return {"port": _("Nothing answers at this port. Check the mail server and the port.")}
    if kind in ("TimeoutError", "OSError"):
        return {"port": _("The mail server doesn't answer. Check name, port and any firewall in between.")}
    return {}
