"""The page "Site": what is set there counts at once, and the server's settings count for more."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from mfa_app.core.common import days
from mfa_app.core.common.errors import UnacceptablePassword
from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.mail.smtp import RecipientRefused
from mfa_app.core.operations.site_values import READ_EVERY, StoredValues
from mfa_app.core.passwords import strength
from mfa_app.models import OutboxMail, SiteSetting
from tests.support.browser import Page, Visitor
from tests.support.site_parts import part_of, put
from tests.support.stories import carol_at_work
from tests.support.world import World

APPLICATIONS = "Wiki = https://wiki.example.com\n\nMail=https://mail.example.com/"


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of the server, with those that a test adds."""
    return {**environment, **getattr(request, "param", {})}


ON_SERVER = {
    "MFA_HELP_EMAIL": "desk@example.com",
    "MFA_APPROVE_RESETS": "no",
    "MFA_OFFICE_HOURS": "Mon-Sun 00:00-23:59",
}
on_server = pytest.mark.parametrize("environment", [ON_SERVER], indirect=True)


@pytest.fixture
def carol(world: World) -> Visitor:
    if world.beginning is None:  # emails leave for a mail server, so that nothing is kept
        return world.at_work("carol")
    return world.after(carol_at_work)


def save(carol: Visitor, **fields: str) -> Page:
    """Fill in fields of one part of the page, and save it."""
    carol.open("/admin/site")
    return press_save(carol, **fields)


def press_save(carol: Visitor, **fields: str) -> Page:
    """Do the same on a page that is open."""
    of_resets = fields.keys() <= {"reset_leads_to", "approve_resets", "office_hours"}
    return carol.press("Save the reset settings" if of_resets else "Save", **fields)


def test_what_is_saved_stands_on_all_pages_at_once_and_on_the_trail(world: World, carol: Visitor) -> None:
    eve = world.visitor()
    assert "help@example.com" not in eve.open("/login").response.text
    page = save(carol, help_email="help@example.com", applications=APPLICATIONS)
    assert "Saved." in page.text
    assert "help@example.com" in eve.open("/login").response.text
    links = [link["href"] for link in carol.open("/").html.select(".apps a")]
    assert links == ["https://wiki.example.com", "https://mail.example.com"]
    assert world.details("site.changed") == {
        "before": {"help_email": None, "applications": None},
        "after": {
            "help_email": "help@example.com",
            "applications": "Wiki = https://wiki.example.com\nMail=https://mail.example.com/",
        },
    }
    trail = carol.open("/admin/trail").text
    assert "Site changed" in trail
    assert "Email address of the help desk: none → help@example.com" in trail
    save(carol, help_email="", applications="")
    assert "help@example.com" not in eve.open("/login").response.text
    assert "No applications yet" in carol.open("/").text


def test_that_nobody_approves_resets_any_more_stands_on_the_trail(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/site")
    chosen = [tick["value"] for tick in page.html.select("[name=approve_resets][checked]")]
    assert chosen == ["yes"]
    carol.press("Save the reset settings")
    assert "site.changed" not in world.events()
    save(carol, approve_resets="no", office_hours="Mon-Fri 08:00-18:00")
    before = {"approve_resets": "yes", "office_hours": None}
    after = {"approve_resets": "no", "office_hours": "Mon-Fri 08:00-18:00"}
    assert world.details("site.changed") == {"before": before, "after": after}
    assert "Second approval for risky resets: yes → no" in carol.open("/admin/trail").text


@on_server
def test_what_the_server_says_of_approvals_is_shown_in_words(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/site")
    assert "Every reset is done at once" in page.text
    assert "Mon-Sun 00:00-23:59" in page.text
    assert page.html.select_one("[name=approve_resets]") is None


def test_a_telephone_can_be_called_wherever_people_find_the_help_desk(world: World, carol: Visitor) -> None:
    save(carol, help_phone="+31 (0)20 555 0100")
    eve = world.visitor()
    for path in ("/login", "/login/help"):
        calls = [link.get_text(" ") for link in eve.open(path).html.select("a[href='tel:+31205550100']")]
        assert calls and "+31 (0)20 555 0100" in calls[0], path
    with world.data():
        outbox.enqueue(Mail.PASSWORD_CHANGED, world.user("carol"), now=world.clock())
    world.deliver()
    words = " ".join(world.words_of_last_mail().split())
    assert "tell admin@example.com (telephone +31 (0)20 555 0100) at once" in words


def test_other_processes_know_within_ten_seconds(world: World, carol: Visitor) -> None:
    seconds = 0.0
    other = StoredValues(lambda: seconds)

    def known() -> str | None:
        with world.data():
            return other.known().get("help_email")

    assert known() is None
    save(carol, help_email="help@example.com")
    seconds = READ_EVERY - 1
    assert known() is None
    seconds = READ_EVERY
    assert known() == "help@example.com"


NO_SETTINGS = (
    ("help_email", "help", "Enter an email address, such as help@example.com."),
    ("help_email", "a@b@c", "Enter an email address, such as help@example.com."),
    ("help_phone", "ask reception", "Enter a telephone number, such as +31 20 555 0100."),
    ("help_phone", "555 0100;phone-context=evil", "Enter a telephone number, such as +31 20 555 0100."),
    ("help_url", "javascript:alert(1)", "Enter a web address, such as https://help.example.com."),
    ("office_hours", "9 to 5", "Enter days and times, such as Mon-Fri 08:00-18:00."),
    ("approve_resets", "perhaps", "Choose an option from the list."),
    ("applications", "Wiki = https://w.example.com\nMail", "This one isn't: Mail"),
    ("applications", "Wiki = javascript:alert(1)", "This one isn't: Wiki = javascript:alert(1)"),
)


def test_what_no_setting_could_be_is_refused_with_an_example(world: World, carol: Visitor) -> None:
    usual = carol.open("/admin/site")
    for field, typed, sentence in NO_SETTINGS:
        carol.page = usual
        page = press_save(carol, **{field: typed})
        assert (page.status, sentence in page.text) == (400, True), (field, typed)
    assert world.count(SiteSetting) == 0


@on_server
def test_what_the_server_sets_is_shown_and_no_page_changes_it(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/site")
    assert page.html.select_one("[name=help_email]") is None
    assert "can only be changed there: Email address of the help desk desk@example.com" in page.text
    carol.submit("/admin/site", help_email="eve@example.com", help_url="https://help.example.com")
    assert "eve@example.com" not in carol.open("/admin/site").response.text
    assert world.details("site.changed")["after"] == {"help_url": "https://help.example.com"}


def test_a_server_that_sets_a_value_later_is_obeyed(
    world: World, carol: Visitor, app_under: Callable[..., Flask]
) -> None:
    save(carol, help_email="help@example.com")
    settings = app_under(MFA_HELP_EMAIL="desk@example.com").config["SETTINGS"]
    put(world.app, settings)
    assert "desk@example.com" in world.visitor().open("/password/forgotten").response.text


def test_a_value_that_somebody_changed_by_hand_breaks_no_page(world: World, carol: Visitor) -> None:
    save(carol, applications="Wiki = https://wiki.example.com")
    with world.data():
        SiteSetting.query.one().value = "Wiki = javascript:alert(1)"
    part_of(world.app, StoredValues).forget()
    page = carol.open("/")
    assert (page.status, "javascript" in page.response.text) == (200, False)


def test_without_a_mail_server_there_is_no_test_email_but_what_to_do(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/site")
    assert "No mail server is set up, so emails become files in the folder outbox" in page.text
    assert "Send me a test email" not in page.text


def save_look(carol: Visitor, **fields: str) -> Page:
    carol.open("/admin/site")
    return carol.press("Save name and time zone", **fields)


def test_a_name_stands_on_pages_and_in_emails_and_never_in_a_qr_code(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.require(None)
    save_look(carol, display_name="Tulip <b>Street</b>")
    eve = world.visitor()
    page = eve.open("/login")
    assert page.html.title and page.html.title.get_text() == "Log in – Tulip <b>Street</b>"
    assert page.html.select_one(".brand span").get_text() == "Tulip <b>Street</b>"  # type: ignore[union-attr]
    assert "The app shows" not in page.text and "Second Gate" in eve.open("/login/help").text
    alice = world.password_given("alice")
    phone = world.phone_that_scans(alice.open("/enrolment"))
    assert phone.parameters["issuer"] == "Second Gate (127.0.0.1)"
    with world.data():
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
    world.deliver()
    assert "Tulip" in world.words_of_last_mail() and 'From: "Tulip <b>Street</b>"' in world.last_mail()
    with world.data(), pytest.raises(UnacceptablePassword):
        strength.check_acceptable("tulipstreet2026!", own_names=[])


def test_own_words_stand_on_the_linking_page_and_in_emails_as_text(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.require(None)
    carol.open("/admin/site")
    words = "Phones: https://it.example.com/phones <b onclick=alert(1)>{{ 7 * 7 }}</b> javascript:alert(1)"
    page = carol.press("Save your words", linking_text=words, mail_text=f"In  mails.\n{words}")
    typed = page.html.select_one("#mail_text")
    assert typed and typed.get_text().strip() == f"In mails. {words}"
    page = world.password_given("alice").open("/enrolment")
    assert words in page.text
    (link,) = page.html.select("a[href*='it.example.com']")
    assert (link["href"], link["rel"]) == ("https://it.example.com/phones", ["noopener", "noreferrer"])
    assert not page.html.select("b[onclick], a[href^=javascript]")
    with world.data():
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
    world.deliver()
    assert f"In mails. {words}" in " ".join(world.words_of_last_mail().split())
    assert "<b onclick" not in world.last_mail().partition("text/html")[2]
    carol.open("/admin/site")
    assert carol.press("Save your words", mail_text="W" * 1001).status == 400


def test_the_time_zone_of_the_page_is_where_days_begin(world: World, carol: Visitor) -> None:
    save_look(carol, time_zone="Pacific/Kiritimati")
    with world.data():
        assert days.start_of(date(2026, 3, 1)) == datetime(2026, 2, 28, 10, tzinfo=UTC)
    assert world.details("site.changed")["after"] == {"time_zone": "Pacific/Kiritimati"}
    assert save_look(carol, time_zone="Mars/Olympus_Mons").status == 400
    save_look(carol, time_zone="")
    with world.data():
        assert days.zone().key == "UTC"


def with_mail_server(address: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("environment", [{"MFA_SMTP_URL": address}], indirect=True)


@with_mail_server("smtp+starttls://second-gate:S3cret%40word@127.0.0.1:9")
def test_a_test_email_that_fails_shows_the_answer_and_never_the_password(
    world: World, carol: Visitor
) -> None:
    page = carol.open("/admin/site")
    assert "127.0.0.1:9" in page.text and "encrypted" in page.text and "second-gate" in page.text
    page = carol.press("Send me a test email")
    assert "could not be sent. The answer: ConnectionRefusedError" in page.text
    assert "S3cret" not in page.response.text and "smtp+starttls" not in page.response.text
    assert world.events()[-1] == "site.test_mail_sent"
    assert "Test email sent" in carol.open("/admin/trail").text


@with_mail_server("smtp://127.0.0.1:9")
def test_a_test_email_says_what_has_become_of_it(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/site")
    assert page.html.select_one("#emails ~ .note") is None
    carol.press("Send me a test email")
    with world.data():
        mail = OutboxMail.query.filter_by(template="test").one()
        mail.last_error = None
    assert "is on its way. Look again" in carol.open("/admin/site").text
    with world.data():
        delivery.mark_sent(OutboxMail.query.filter_by(template="test").one(), now=world.clock())
    page = carol.open("/admin/site")
    assert "The mail server took a test email to carol@example.com: 2 Mar 2026" in page.text
    world.clock.advance(minutes=1)
    carol.press("Send me a test email")
    with world.data():
        mail = OutboxMail.query.filter_by(template="test", sent_at=None).one()
        delivery.mark_refused(
            mail, RecipientRefused("550 5.1.1 no such user", permanent=True), now=world.clock()
        )
    assert "could not be sent. The answer: 550 5.1.1 no such user" in carol.open("/admin/site").text


def save_server(carol: Visitor, **fields: str) -> Page:
    carol.open("/admin/site")
    return carol.press("Save the mail settings", **fields)


def test_without_its_mail_server_the_page_says_what_resets_need_and_still_saves(
    world: World, carol: Visitor
) -> None:
    save_server(carol, host="mail.example.com", scheme="smtps")
    save(carol, reset_leads_to="email-code")
    told = "No codes can be emailed either"
    assert told not in carol.open("/admin/site").text
    assert told in save_server(carol, host="").text
    page = save(carol, reset_leads_to="email-code", office_hours="Mon-Fri 08:00-18:00")
    assert (page.status, "Saved." in page.text) == (200, True)
    save(carol, reset_leads_to="link")
    assert save(carol, reset_leads_to="email-code").status == 400


def test_what_a_reset_leads_to_counts_from_the_next_reset_on(world: World, carol: Visitor) -> None:
    world.linked_earlier("alice")
    world.reset("alice")
    page = save(carol, reset_leads_to="access-pass")
    assert "Saved." in page.text
    assert world.details("site.changed")["after"] == {"reset_leads_to": "access-pass"}
    told = "What a reset leads to: linking after the password → access pass"
    assert told in carol.open("/admin/trail").text
    assert world.password_given("alice").page.path == "/enrolment"
    world.reset("alice")
    assert world.password_given("alice").page.path == "/login/access-pass"
    save(carol, reset_leads_to="link")
    world.reset("alice")
    assert world.password_given("alice").page.path == "/enrolment"


def test_codes_by_email_need_a_mail_server(world: World, carol: Visitor) -> None:
    page = save(carol, reset_leads_to="email-code")
    assert (page.status, "because no mail server is set up" in page.text) == (400, True)
    assert world.count(SiteSetting) == 0


@with_mail_server("smtp://127.0.0.1:9")
def test_with_a_mail_server_a_reset_can_lead_to_a_code_by_email(world: World, carol: Visitor) -> None:
    world.linked_earlier("alice")
    save(carol, reset_leads_to="email-code")
    page = carol.open(f"/admin/people/{world.id_of('alice')}/reset")
    assert "Before that they enter a code that is emailed to them." in page.text
    carol.press("Reset 2-factor authentication", checked="called back", reason="lost phone")
    assert "linking needs a code that is emailed to them" in carol.page.text
    assert world.password_given("alice").page.path == "/login/email-code"


@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "<script>"])
def test_only_the_chosen_time_zone_is_selected(world: World, carol: Visitor, zone: str) -> None:
    save_look(carol, time_zone=zone)
    options = carol.open("/admin/site").html.select("#time_zone option")
    known = zone if zone in days.names_of_zones() else ""
    assert [option["value"] for option in options] == ["", *days.names_of_zones()]
    assert [option["value"] for option in options if option.has_attr("selected")] == [known]
