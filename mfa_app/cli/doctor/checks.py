"""What the doctor checks besides the checks of /readyz: settings, files, network, keys, administrators."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.doctor import code, disks, files, mail, network, ntp
from mfa_app.cli.doctor.finding import Finding, examine
from mfa_app.core.factors import break_glass, passkeys
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import counts, key_rotation, site_values, statistics
from mfa_app.core.policy import asked_proof
from mfa_app.core.policy.facts import find_subjects
from mfa_app.models import LinkProof, Role, User
from mfa_app.settings import Settings
from mfa_app.wording.commands import command_line
from mfa_app.wording.labels import role_name


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Check everything except the contents of the database."""
    for check in (files.findings, disks.findings, code.findings, network.findings, mail.findings):
        yield from examine(check, settings)
    if ntp.is_synchronised() is False:
        yield Finding(
            _("This machine's clock is not synchronised by NTP, so it may drift unnoticed."),
            _("Please run: timedatectl set-ntp true"),
        )
    if settings.has_default_name and not site_values.current().display_name:
        yield Finding(
            _("This site still has the default name, so people can't tell its emails from another's."),
            _("Set MFA_SITE_NAME to your company's name, before people link their apps: they show it too."),
        )
    if not site_values.current().has_contact:
        yield Finding(
            _("People who lose their phone aren't told whom to contact."),
            _("Enter an address or a telephone number under Administration, Site. Or set MFA_HELP_EMAIL."),
        )


def of_data(settings: Settings) -> Iterator[Finding]:
    """Check the contents of a database that works."""
    for check in (_keys, _counts, _administrators, _break_glass, _passkeys):
        yield from examine(check)
    yield from examine(network.shared_ip_address, settings)


def _keys() -> Iterator[Finding]:
    outdated = sum(count for key, count in key_rotation.keys_in_use().items() if key != vault().current)
    if outdated:
        yield Finding(
            ngettext(
                "%(num)s secret is not encrypted under the current key yet.",
                "%(num)s secrets are not encrypted under the current key yet.",
                outdated,
            ),
            _("Finish the rotation: %(command)s", command=command_line("keys rotate")),
        )


def _counts() -> Iterator[Finding]:
    different = counts.differences()
    if different:
        yield Finding(
            ngettext(
                "%(num)s count of people is wrong, because someone changed the database by hand.",
                "%(num)s counts of people are wrong, because someone changed the database by hand.",
                different,
            ),
            _("Please run: %(command)s", command=command_line("groups recount")),
        )


def _passkeys() -> Iterator[Finding]:
    elsewhere = passkeys.made_for_another_host()
    if elsewhere:
        yield Finding(
            ngettext(
                "%(num)s passkey doesn't work: it was made for another host than that of MFA_PUBLIC_URL.",
                "%(num)s passkeys don't work: they were made for another host than that of MFA_PUBLIC_URL.",
                elsewhere,
            ),
            _("Set MFA_PUBLIC_URL to the earlier host, or ask these people to add a passkey again."),
        )


def _administrators() -> Iterator[Finding]:
    administrators = find_subjects(User.role == Role.ADMIN, User.disabled_at.is_(None))
    if not administrators:
        yield Finding(
            _("There is no administrator."),
            _(
                "To create the first, run: %(create)s. Or make someone an administrator: %(make)s",
                create=command_line("setup-link"),
                make=command_line("users role EMAIL admin"),
            ),
            wrong=True,
        )
    for user in statistics.privileged_without_app():
        yield Finding(
            _(
                "%(email)s (%(role)s) has no app or passkey yet.",
                email=user.email,
                role=role_name(user.role),
            ),
            _how_to_link(user),
        )
    for subject in administrators:
        if subject.user.factors_locked_at is not None:
            email = subject.user.email
            yield Finding(
                _("The administrator %(email)s is locked out after too many wrong codes.", email=email),
                _please_run("users reset-2fa", email),
            )
        if subject.user.account_locked_at is not None:
            email = subject.user.email
            yield Finding(
                _("The administrator %(email)s has locked their account, so they can't log in.", email=email),
                _(
                    "Check that it's really them who ask you to open it, then run: %(command)s",
                    command=command_line(f"users unlock {email}"),
                ),
            )


def _break_glass() -> Iterator[Finding]:
    """Report that there are no codes. That one was used is a problem which `/readyz` reports too."""
    if break_glass.current_set().made_at is None:
        yield Finding(
            _(
                "There are no break-glass codes, which let an administrator in who has lost every app and "
                "passkey."
            ),
            _(
                "An administrator can make them on the page “Administration”. Or run: %(command)s",
                command=command_line("break-glass new"),
            ),
        )


def _how_to_link(user: User) -> str:
    if user.link_required and asked_proof.of_user(user) == LinkProof.ACCESS_PASS and user.password_hash:
        return _please_run("users pass", user.email)
    if user.link_required and user.password_hash:
        return _("Ask this person to log in and set one up.")
    command = "users app-link" if user.password_hash else "users invite"
    return _please_run(command, user.email)


def _please_run(command: str, email: str) -> str:
    return _("Please run: %(command)s", command=command_line(f"{command} {email}"))
