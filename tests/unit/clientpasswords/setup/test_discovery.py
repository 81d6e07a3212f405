"""What mail programs find by themselves, and what they may send when they ask."""

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Account
from tests.factories import make_client_password

EXCHANGE = "http://schemas.microsoft.com/exchange/autodiscover"
OUTLOOK, MOBILE = f"{EXCHANGE}/outlook", f"{EXCHANGE}/mobilesync"
FILES = ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"]
POX = "/autodiscover/autodiscover.xml"


def question(address: str, schema: str = OUTLOOK) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{schema}/requestschema/2006"><Request>'
        f"<EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{schema}/responseschema/2006a"
        "</AcceptableResponseSchema></Request></Autodiscover>"
    )


def ask(client: Client, body: str | bytes, path: str = POX) -> Any:
    return client.post(path, body, content_type="text/xml; charset=utf-8")


def texts(element: Element) -> dict[str, str]:
    """The children's texts by tag, without namespaces."""
    return {each.tag.rpartition("}")[2]: each.text or "" for each in element}


def error_code(response: Any) -> str | None:
    return fromstring(response.content).findtext(".//{*}ErrorCode")


# --- Thunderbird ----------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES)
def test_thunderbird_finds_the_servers_of_the_site(client: Client, path: str) -> None:
    response = client.get(path, {"emailaddress": "alice@example.com"})

    root = fromstring(response.content)
    servers = [*root.iter("incomingServer"), *root.iter("outgoingServer")]
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    assert root.attrib == {"version": "1.1"}
    assert root.findtext("emailProvider/domain") == "%EMAILDOMAIN%"
    assert [(each.get("type"), *texts(each).values()) for each in servers] == [
        (kind, host, port, "SSL", "password-cleartext", "%EMAILADDRESS%")
        for kind, host, port in (
            ("imap", "imap.example.com", "993"),
            ("pop3", "pop.example.com", "995"),
            ("smtp", "smtp.example.com", "465"),
        )
    ]


def test_the_file_leads_to_help_in_every_language(client: Client) -> None:
    page = fromstring(client.get(FILES[0]).content).find(".//documentation")

    assert page is not None
    assert page.get("url") == "http://127.0.0.1:8000/help/clients/"
    languages = [each.get("lang") for each in page]
    assert languages == ["en", "zh-hans", "zh-hant", "de"]
    assert len({each.text for each in page}) == 4


def test_starttls_is_told_as_such_and_a_server_without_tls_not_at_all(
    client: Client, settings: Settings
) -> None:
    plain = {"host": "imap.example.com", "port": 143, "security": "none"}
    upgraded = {"host": "smtp.example.com", "port": 587, "security": "STARTTLS"}
    own = {"key": "sg", "name": "S", "url": "https://p.example/", "imap": plain}
    settings.MAIL_SITES = [{**own, "smtp": upgraded}]

    file = client.get(FILES[0]).content.decode()
    answer = ask(client, question("a@example.com")).content.decode()

    assert "<socketType>STARTTLS</socketType>" in file
    assert "<Encryption>TLS</Encryption>" in answer
    for text in (file, answer):
        assert "imap.example.com" not in text
        assert "143" not in text


def test_where_no_server_has_tls_nothing_is_found(
    client: Client, settings: Settings
) -> None:
    settings.MAIL_SITES = [{"key": "sg", "name": "S", "url": "https://p.example/"}]

    assert client.get(FILES[0]).status_code == 404
    assert error_code(ask(client, question("a@example.com"))) == "601"


# --- Outlook --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [POX, "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"]
)
def test_outlook_finds_the_servers_of_the_site(client: Client, path: str) -> None:
    response = ask(client, question("alice@example.com"), path)

    inner = f"{{{OUTLOOK}/responseschema/2006a}}"
    root = fromstring(response.content)
    found = [texts(each) for each in root.iter(f"{inner}Protocol")]
    assert response.status_code == 200
    assert root.tag == f"{{{EXCHANGE}/responseschema/2006}}Autodiscover"
    assert root.findtext(f".//{inner}Action") == "settings"
    assert [(each["Type"], each["Server"], each["Port"]) for each in found] == [
        ("IMAP", "imap.example.com", "993"),
        ("POP3", "pop.example.com", "995"),
        ("SMTP", "smtp.example.com", "465"),
    ]
    for each in found:
        assert each["LoginName"] == "alice@example.com"
        assert (each["SSL"], each["SPA"], each["AuthRequired"]) == ("on", "off", "on")
    assert [each.get("UsePOPAuth") for each in found] == [None, None, "on"]


def test_an_address_of_markup_comes_back_as_text(client: Client) -> None:
    response = ask(client, question("&lt;x&gt;&amp;@example.com"))

    assert b"<LoginName>&lt;x&gt;&amp;@example.com</LoginName>" in response.content


def test_activesync_is_told_that_there_is_none(client: Client) -> None:
    response = ask(client, question("alice@example.com", MOBILE))

    assert response.status_code == 200
    assert error_code(response) == "601"


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    f'<Autodiscover xmlns="{OUTLOOK}/requestschema/2006">&b;</Autodiscover>'
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    f'<Autodiscover xmlns="{OUTLOOK}/requestschema/2006"><Request>'
    "<EMailAddress>&f;</EMailAddress></Request></Autodiscover>"
)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "<Autodiscover>",
        "<Autodiscover/>",
        "<html><body/></html>",
        BOMB,
        OUTSIDE,
        f"<!DOCTYPE Autodiscover>{question('a@b.example').partition('?>')[2]}",
        question("nobody"),
        question("a b@example.com"),
        question("a" * 250 + "@example.com"),
        question("a@example.com", "http://evil.example"),
        question("a@example.com").replace("utf-8", "utf-99"),
        question("a@example.com") + " " * 8192,
        "<a>" * 2700,
        b"\xff\xfe\x00",
        b"\x00" * 100_000,
    ],
)
def test_what_is_no_question_gets_a_clear_400(client: Client, body: str) -> None:
    response = ask(client, body)

    assert response.status_code == 400
    assert error_code(response) == "600"
    assert b"root:" not in response.content


def test_a_question_of_just_the_largest_size_is_answered(client: Client) -> None:
    body = question("a@example.com")

    response = ask(client, body + " " * (8192 - len(body)))

    assert response.status_code == 200


def test_version_2_names_the_address_to_ask(client: Client) -> None:
    for path in (
        "/autodiscover/autodiscover.json?Email=a@b.example&Protocol=AutodiscoverV1",
        "/autodiscover/autodiscover.json/v1.0/a@b.example?Protocol=autodiscoverv1",
    ):
        response = client.get(path)

        assert response.json() == {
            "Protocol": "AutodiscoverV1",
            "Url": f"http://127.0.0.1:8000{POX}",
        }


@pytest.mark.parametrize("query", ["", "?Protocol=", "?Protocol=ActiveSync"])
def test_version_2_knows_no_other_protocol(client: Client, query: str) -> None:
    response = client.get(f"/autodiscover/autodiscover.json{query}")

    assert response.status_code == 400
    assert response.json()["ErrorCode"] == "InvalidProtocol"


# --- all of them ----------------------------------------------------------------------


def answers(client: Client, address: str) -> list[bytes]:
    """Every answer about an address, with the address itself taken out."""
    query = {"emailaddress": address, "Email": address, "Protocol": "AutodiscoverV1"}
    found = [
        *(client.get(path, query) for path in FILES),
        client.get("/autodiscover/autodiscover.json", query),
        ask(client, question(address)),
    ]
    return [each.content.replace(address.encode(), b"ADDRESS") for each in found]


def test_known_and_unknown_addresses_get_the_same_answer(
    client: Client, alice: Account, bob: Account
) -> None:
    make_client_password(bob)

    known = answers(client, alice.address)

    assert answers(client, bob.address) == known
    assert answers(client, "nobody@example.com") == known
    assert answers(client, "nobody@elsewhere.example") == known


def test_nothing_is_looked_up_and_no_cookie_is_set(
    client: Client, alice: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answers(client, alice.address)

    assert not client.cookies


def test_the_file_may_be_kept_for_an_hour_the_answer_to_a_person_not(
    client: Client,
) -> None:
    file, answer = client.get(FILES[0]), ask(client, question("a@example.com"))

    assert set(file["Cache-Control"].split(", ")) == {"public", "max-age=3600"}
    assert "no-store" in answer["Cache-Control"]
