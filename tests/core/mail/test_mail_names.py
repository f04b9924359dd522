"""Each email has a name, where a list says which could not be sent."""

from mfa_app.core.mail.outbox import Mail
from mfa_app.wording.mails import mail_name
from tests.support.world import World


def test_every_email_has_a_name_of_its_own(world: World) -> None:
    with world.data():
        names = {mail.value: mail_name(mail.value) for mail in Mail}
        assert mail_name("of a later version") == "of a later version"
    assert not names.keys() & set(names.values()), "these are called as their templates are"
    assert len(set(names.values())) == len(names)
